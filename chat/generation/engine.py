"""The engine: who generates here, and the greenlets that must live as long as the process."""

import random
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import gevent
import structlog
from gevent.event import Event

from chat.core.lifecycle import Status
from chat.generation.providers.types import Delta, Finished, Item
from chat.generation.runner import Generation, LeaseLost, Leaving, Runner, Source, Stopped
from chat.generation.supervise import supervise
from chat.generation.writer import Writer
from chat.live.bell import Bell
from chat.live.tape import Tape, Tapes
from chat.store.stored import StreamState
from chat.store.streams import Streams

log = structlog.get_logger()


class Draining(Exception):
    """This process is leaving and takes no new generation."""


class NoSource(Exception):
    """Nothing in this process knows what to ask for this stream: a generator of somebody's code feeds it."""


OpenSource = Callable[[StreamState, str], Source]  # (state, text so far); raises NoSource


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two rounds of what the engine does by itself."""

    flush_ms: int = 500
    renew_s: float = 2.0
    reap_s: float = 1.0
    start_pending_s: tuple[float, float] = (2.0, 3.0)  # with the reaper's second: started after 2 to 4
    give_up_pending_s: float = 900.0


class FromIterable:
    """Any generator of text as a source; a stop is heard between two pieces."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = pieces
        self._closed = False

    def __iter__(self) -> Iterator[Item]:
        for piece in self._pieces:
            yield Delta(piece)
            if self._closed:
                break
        else:
            yield Finished("stop")
        if isinstance(self._pieces, Generator):
            self._pieces.close()  # its `finally` runs now, not when somebody collects the garbage

    def close(self) -> None:
        self._closed = True

    def estimate(self, answered: str) -> dict[str, Any] | None:
        return None


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
        pace: Pace,
    ) -> None:
        self.draining = False
        self._streams = streams
        self._tapes = tapes
        self._bell = bell
        self._writer = writer
        self._runner = runner
        self._open_source = open_source
        self._is_dead = is_dead
        self._pace = pace
        self._running: dict[str, Generation] = {}
        self._idle = Event()
        self._idle.set()

    def start(self) -> None:
        """Free what a dead process left, then begin the rounds. Call it once, after the fork."""
        self._attempt(self.reap)
        for name, rounds in (
            ("writer", self._writer.run),
            ("renewal", self._renew_for_ever),
            ("reaper", self._reap_for_ever),
        ):
            supervise(name, rounds)

    # ── starting ─────────────────────────────────────────────────────────────────────────────

    def drive(self, stream_id: str, *, resume: bool = False) -> bool:
        """Start the answer of a pending stream here (`resume`: of an interrupted one too).

        Returns False, harmlessly, when there is nothing to claim: somebody else was first, or it has ended.
        Raises Draining, NoSource, AnotherIsLive.
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
        source = open_source(stored.state, stored.data.decode())  # before the claim: it may refuse
        state = self._streams.claim(stream_id, sources, stored.state.epoch)
        if state is None:
            source.close()
            return False
        tape = Tape(stream_id, state.epoch, state.bases, stored.data)
        self._launch(Generation(tape, source, state.chunk_by, self._pace.flush_ms))
        return True

    def _launch(self, generation: Generation) -> None:
        tape = generation.tape
        self._tapes.add(tape)
        self._running[tape.stream_id] = generation
        self._idle.clear()
        self._writer.record(generation.recording)
        self._bell.ring((f"stream:{tape.stream_id}",))  # who waits at the store's pace may read the tape now
        log.info("generating", stream=tape.stream_id, epoch=tape.epoch)
        gevent.spawn(self._generate, generation)
        if self.draining:  # it began while the claim was being committed
            generation.end_early(Leaving())

    def _generate(self, generation: Generation) -> None:
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

    # ── ending ───────────────────────────────────────────────────────────────────────────────

    def stop(self, stream_id: str) -> Status | None:
        """Ask a stream to end, wherever it is in its life; harmless when repeated. None: no such stream.

        The status returned may still say streaming: the end follows within a moment.
        """
        if not self._streams.stop_idle(stream_id):
            generation = self._running.get(stream_id)
            if generation is not None:
                generation.end_early(Stopped())
            else:
                self._streams.request_stop(stream_id)
        state = self._streams.state(stream_id)
        return None if state is None else state.status

    def forget(self, stream_id: str) -> None:
        """Let go of a stream that was deleted: nothing of it will be written any more."""
        generation = self._running.get(stream_id)
        if generation is not None:
            generation.end_early(LeaseLost())

    def drain(self, timeout_s: float) -> bool:
        """Take nothing new, mark what runs as interrupted with all its text; True when all is stored."""
        self.draining = True
        for generation in list(self._running.values()):
            generation.end_early(Leaving())
        return bool(self._idle.wait(timeout_s))

    # ── rounds ───────────────────────────────────────────────────────────────────────────────

    def reap(self) -> None:
        """Interrupt what dead processes left; what runs here is alive, however late its lease was renewed."""
        for stream_id in self._streams.reap(self._is_dead, self._running):
            log.warning("interrupted an orphan", stream=stream_id)

    def start_pending(self) -> None:
        """Start what nobody drives, and give up what nobody can."""
        for stream_id in self._streams.pending(random.uniform(*self._pace.start_pending_s)):
            self._attempt(partial(self._start, stream_id))  # one that cannot begin holds up no other
        self._streams.give_up_pending(self._pace.give_up_pending_s)

    def _start(self, stream_id: str) -> None:
        with suppress(NoSource):  # its generator may still come; give_up_pending bounds the wait
            self.drive(stream_id)

    def _renew_for_ever(self) -> None:
        while True:
            gevent.sleep(self._pace.renew_s)
            if self._running:
                self._attempt(self._renew)

    def _renew(self) -> None:
        held = {stream_id: generation.tape.epoch for stream_id, generation in self._running.items()}
        lost, to_stop = self._streams.renew(held)
        for stream_id in lost | to_stop:
            generation = self._running.get(stream_id)
            if generation is None or generation.tape.epoch != held[stream_id]:
                continue  # it ended, or was claimed anew, while we asked
            if not generation.recording.closing:
                generation.end_early(LeaseLost() if stream_id in lost else Stopped())

    def _reap_for_ever(self) -> None:
        while True:
            gevent.sleep(self._pace.reap_s * random.uniform(0.8, 1.2))
            self._attempt(self.reap)
            if not self.draining:
                self._attempt(self.start_pending)

    def _attempt(self, round_: Callable[[], None]) -> None:
        """Do one round; what fails is logged and tried again with the next one."""
        try:
            round_()
        except Exception:
            log.exception("round failed", round=str(round_))
