"""The engine: who generates here, and the greenlets that must live as long as the process."""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import gevent
import structlog
from gevent.event import Event

from chat.core.lifecycle import Status
from chat.generation.generation import Generation, LeaseLost, Leaving, Source, Stopped
from chat.generation.iterables import FromIterable
from chat.generation.reaper import Reaper, Waits, attempt
from chat.generation.refusal import Refused, RefusedSource
from chat.generation.runner import Runner
from chat.generation.supervise import supervise
from chat.generation.writer import Writer
from chat.live.bell import Bell
from chat.live.tape import Tape, Tapes
from chat.store.leases import Orphan
from chat.store.moves import ENGINES
from chat.store.stored import StreamState
from chat.store.streams import Streams

log = structlog.get_logger()


class Draining(Exception):
    """This process is leaving and takes no new generation."""


class NoSource(Exception):
    """Nothing in this process knows what to ask for this stream: a generator of somebody's code feeds it."""


OpenSource = Callable[[StreamState, str], Source]  # (state before the claim, text so far); NoSource, Refused
Salvage = Callable[[str, int, int], bytes]  # (stream, epoch, offset): what is known beyond the stored text
Ended = Callable[[str, Status], None]  # told once the end is stored; returns at once

CONTINUATIONS = 2  # of one answer by itself: what kills its process each time must not do so for ever


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the engine does what it does by itself."""

    flush_ms: int = 500
    renew_s: float = 2.0
    reap_s: float = 1.0
    waits: Waits = field(default_factory=Waits)


class Engine:
    """Claims streams for this process and generates them, whoever listens or leaves."""

    def __init__(
        self,
        *,
        streams: Streams,
        tapes: Tapes,
        bell: Bell,
        writer: Writer,
        runner: Runner,
        open_source: OpenSource,
        is_dead: Callable[[str], bool],
        clock: Callable[[], float],
        pace: Pace,
        continues: bool = True,
        salvage: Salvage = lambda stream_id, epoch, offset: b"",
        ended: Ended = lambda stream_id, status: None,
    ) -> None:
        self.draining = False  # takes nothing new
        self.left = False  # all that ran here has ended or was handed over
        self._streams = streams
        self._tapes = tapes
        self._bell = bell
        self._writer = writer
        self._runner = runner
        self._open_source = open_source
        self._pace = pace
        self._continues = continues
        self._salvage = salvage
        self._ended = ended
        self._running: dict[str, Generation] = {}
        self._reaper = Reaper(
            streams,
            is_dead=is_dead,
            alive=self._running,
            clock=clock,
            adopt=self._adopt,
            start=self._start_pending,
            waits=pace.waits,
        )
        self._idle = Event()
        self._idle.set()
        self.grace_over = Event()  # to set it is to end the time of grace

    def start(self, rounds: Sequence[tuple[str, Callable[[], None]]] = ()) -> None:
        """Take over what dead processes left, then begin the rounds. Call it once, after the fork.

        `rounds` are others' greenlets that must live as long as the process.
        """
        attempt(self._reaper.reap)
        ours = (
            ("writer", self._writer.run),
            ("renewal", self._renew_for_ever),
            ("reaper", self._reap_for_ever),
        )
        for name, run in (*ours, *rounds):
            supervise(name, run)

    # ── starting ─────────────────────────────────────────────────────────────────────────────

    def drive(self, stream_id: str, *, resume: bool = False) -> bool:
        """Start the answer of a pending stream here (`resume`: of an interrupted one too).

        Returns False, harmlessly, when there is nothing to claim: somebody else was first, or it has ended.
        Raises Draining, NoSource, Refused, AnotherIsLive.
        """
        sources = {Status.PENDING, Status.INTERRUPTED} if resume else {Status.PENDING}
        return self._claim(stream_id, sources, self._open_source)

    def run(self, stream_id: str, generate: Callable[[], Iterable[str]]) -> bool:
        """Feed a pending stream from any generator of text, in the background; False if it is not pending."""
        return self._claim(stream_id, {Status.PENDING}, lambda state, text: FromIterable(generate()))

    def _claim(self, stream_id: str, sources: Collection[Status], open_source: OpenSource) -> bool:
        if self.draining:
            raise Draining(stream_id)
        stored = self._streams.read(stream_id)
        if stored is None or stored.state.status not in sources:
            return False
        text = stored.data.decode()
        source = open_source(stored.state, text)  # before the claim: it may refuse
        state = self._streams.claim(stream_id, sources, stored.state.epoch)
        if state is None:
            source.close()
            return False
        self._launch(state, text, source, movable=self._continues and open_source is self._open_source)
        return True

    def _adopt(self, orphan: Orphan) -> None:
        """Go on with an orphan here; end it where nobody wants that or can."""
        if self.draining:
            return  # told to leave in the middle of a round: the next one to look takes it
        stored = self._streams.read(orphan.id)
        if stored is None:
            return
        length = len(stored.data)
        tail = (length, self._salvage(orphan.id, orphan.epoch, length))
        text = (stored.data + tail[1]).decode()
        source = None
        if self._may_go_on(orphan):
            with suppress(NoSource):
                source = self._open_source(stored.state, text)
        if source is None:
            if self._streams.interrupt(orphan, tail) and not orphan.beside:
                log.warning("interrupted an orphan", stream=orphan.id, epoch=orphan.epoch)
                self._runner.tally.ended[Status.INTERRUPTED] += 1
            return
        taken = self._streams.take_over(orphan, tail)
        if taken is None or taken[1] != text:  # somebody was faster, or a last batch came in between
            source.close()
        if taken is not None:
            state, present = taken
            log.warning("took over", stream=orphan.id, epoch=state.epoch)
            self._runner.tally.takeovers += 1
            source = source if present == text else self._open_source(stored.state, present)
            self._launch(state, present, source, movable=True)

    def _may_go_on(self, orphan: Orphan) -> bool:
        if orphan.beside or orphan.stop_requested:
            return False
        return self._continues and orphan.continuations < CONTINUATIONS

    def _launch(self, state: StreamState, text: str, source: Source, *, movable: bool) -> None:
        tape = Tape(state.id, state.epoch, state.bases, text.encode())
        generation = Generation(
            tape,
            source,
            state.chunk_by,
            self._pace.flush_ms,
            movable=movable and state.continuations < CONTINUATIONS,
        )
        self._tapes.add(tape)
        self._running[tape.stream_id] = generation
        self._idle.clear()
        self._writer.record(generation.recording)
        # Who waits at the store's pace may read the tape now.
        self._bell.ring_here((f"stream:{tape.stream_id}",))
        log.info("generating", stream=tape.stream_id, epoch=tape.epoch)
        gevent.spawn(self._generate, generation)
        if state.stop_requested:  # while it changed hands: nobody is asked any more
            source.close()
            generation.end_early(Stopped())
        if self.grace_over.is_set():  # it began while the claim was being committed
            generation.end_early(Leaving())

    def _generate(self, generation: Generation) -> None:
        tape = generation.tape  # every line that this greenlet logs, whoever writes it, names the stream
        structlog.contextvars.bind_contextvars(stream=tape.stream_id, epoch=tape.epoch)
        try:
            self._runner.run(generation)
        except Exception:
            log.exception("the end could not be stored", stream=generation.tape.stream_id)
            self._writer.release(generation.recording)
            generation.tape.lost = True
            self._tapes.drop(generation.tape)
        finally:
            if self._running.get(generation.tape.stream_id) is generation:
                del self._running[generation.tape.stream_id]
            if not self._running:
                self._idle.set()
        if tape.end is not None:
            self._ended(tape.stream_id, tape.end.status)

    # ── ending ───────────────────────────────────────────────────────────────────────────────

    def stop(self, stream_id: str) -> Status | None:
        """Ask a stream to end, wherever it is in its life; harmless when repeated. None: no such stream.

        The status returned may still say streaming: the end follows within a moment.
        """
        if not self._streams.stop_idle(stream_id):
            generation = self._running.get(stream_id)
            if generation is not None:
                generation.end_early(Stopped())
            # In any case: it may be another's by now without our knowing, or on its way to another.
            self._streams.request_stop(stream_id)
        state = self._streams.state(stream_id)
        return None if state is None else state.status

    def forget(self, stream_id: str) -> None:
        """Let go of a stream that was deleted: nothing of it will be written any more."""
        generation = self._running.get(stream_id)
        if generation is not None:
            generation.tape.lost = True
            generation.end_early(LeaseLost())

    def drain(self, timeout_s: float, grace_s: float = 0.0) -> bool:
        """Take nothing new, let what runs end within `grace_s`, hand the rest over; True when all is stored.

        Whoever sets `grace_over` meanwhile ends that time. What no other process can go on with is
        marked as interrupted. Either way all its text is kept.
        """
        self.draining = True
        gevent.wait([self._idle, self.grace_over], timeout=grace_s, count=1)
        self.grace_over.set()
        for generation in list(self._running.values()):
            generation.end_early(Leaving())
        stored = bool(self._idle.wait(timeout_s))
        self.left = True
        return stored

    # ── rounds ───────────────────────────────────────────────────────────────────────────────

    def _start_pending(self, stream_id: str) -> None:
        # Its generator may still come, and the reaper gives up in the end; who leaves lets others do it.
        with suppress(NoSource, Draining):
            try:
                self.drive(stream_id)
            except Refused as refused:
                source = RefusedSource(refused)
                self._claim(stream_id, {Status.PENDING}, lambda state, text: source)

    def _renew_for_ever(self) -> None:
        with self._bell.listen(ENGINES) as ear:
            while True:
                ear.wait(self._pace.renew_s)
                if self._running and not attempt(self._renew):
                    self._reaper.doubt_leases()

    def _renew(self) -> None:
        held = {stream_id: generation.tape.epoch for stream_id, generation in self._running.items()}
        thoughts = [one.thinking for one in self._running.values() if one.thinking and one.thinking.is_open]
        lost, to_stop = self._streams.renew(held | {one.stream_id: one.tape.epoch for one in thoughts})
        for thinking in thoughts:
            if thinking.stream_id in lost:
                thinking.lose()
        for stream_id in lost | to_stop:
            generation = self._running.get(stream_id)
            if generation is None or generation.tape.epoch != held[stream_id]:
                continue  # it ended, or was claimed anew, while we asked
            if not generation.recording.closing:
                generation.end_early(LeaseLost() if stream_id in lost else Stopped())

    def _reap_for_ever(self) -> None:
        with self._bell.listen(ENGINES) as ear:
            while True:
                ear.wait(self._pace.reap_s * random.uniform(0.8, 1.2))
                if self.draining:
                    continue  # what others left is not for us to take any more
                if not (attempt(self._reaper.reap) and attempt(self._reaper.start_pending)):
                    self._reaper.doubt_leases()
