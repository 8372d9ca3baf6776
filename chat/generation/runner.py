"""The runner: one generation, from the first delta to the end record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import gevent
import structlog

from chat.core.batching import Batcher
from chat.core.frames import End
from chat.core.lifecycle import Status
from chat.core.log import StoreAway
from chat.core.tally import Tally
from chat.generation.providers.types import Aborted, Delta, Finished, Item, ProviderError, Reasoning, Usage
from chat.generation.writer import Recording, Writer
from chat.live.tape import Tape, Tapes

log = structlog.get_logger()

INSIST_S = 120.0  # for how long an end is tried to be stored: a full disk, a database that restarts
INSIST_PAUSE_S = 0.5
USAGE_S = 0.1  # after a stop, for what the provider may say of its cost


class Source(Protocol):
    """What a generation reads from: a provider's answer, or any generator."""

    def __iter__(self) -> Iterator[Item]: ...

    def close(self) -> None:
        """Make the iteration end soon with Aborted; from whatever greenlet, any number of times."""
        ...

    def estimate(self, answered: str) -> dict[str, Any] | None:
        """Guess the usage of an answer that nobody counted; None where it costs nothing."""
        ...


class LeaseLost(Exception):
    """Another process holds this stream now: nothing that we have may be written."""


class Stopped(Exception):
    """A person asked for the end."""


class Leaving(Exception):
    """This process is told to go."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one answer: bytes, and seconds from its claim to its end. 0 turns one off."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a generation ended."""

    status: Status
    error: dict[str, str] | None = None
    finish_reason: str | None = None


CloseStream = Callable[..., bool]  # store.streams.Streams.close
ReleaseStream = Callable[..., bool]  # store.leases.Leases.release
Ring = Callable[[tuple[str, ...]], None]


class Generation:
    """A running answer: its tape, its source, and the reason for which it was asked to end early.

    `movable`: another process may go on with it when this one has to leave.
    """

    def __init__(
        self, tape: Tape, source: Source, chunk_by: str, flush_ms: int, *, movable: bool = False
    ) -> None:
        self.tape = tape
        self.source = source
        self.movable = movable
        self.usage: dict[str, Any] | None = None
        self.why: Exception | None = None
        self.began_at = 0.0  # when it was claimed, on the runner's clock
        self.first_at: float | None = None  # when the first word came, of reasoning or text
        self.recording = Recording(
            tape, Batcher(chunk_by, flush_ms, len(tape.data)), lambda: self.end_early(LeaseLost())
        )

    def end_early(self, why: Exception) -> None:
        """Make the source let go; the first reason given counts, but a lost lease beats all."""
        if self.why is None or isinstance(why, LeaseLost):
            self.why = why
        if isinstance(why, Stopped) and self.source.estimate("") is not None:
            gevent.spawn_later(USAGE_S, self.source.close)
        else:
            self.source.close()


class Runner:
    """Runs generations: tape first, then the bell; the writer stores behind."""

    def __init__(
        self,
        *,
        tapes: Tapes,
        writer: Writer,
        ring_here: Ring,
        close_stream: CloseStream,
        release_stream: ReleaseStream,
        clock: Callable[[], float],
        limits: Limits,
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._tapes = tapes
        self._writer = writer
        self._ring_here = ring_here
        self._close_stream = close_stream
        self._release_stream = release_stream
        self._clock = clock
        self._limits = limits

    def run(self, generation: Generation) -> None:
        """Generate to the end and store that end; what came before a failure is kept.

        Raises only when the end cannot be stored for INSIST_S seconds.
        """
        tape, generation.began_at = generation.tape, self._clock()
        try:
            outcome = self._read(generation)
        finally:
            generation.source.close()
        self._finish(generation, outcome)
        self._tapes.drop(tape)
        self._ring_here((f"tape:{tape.stream_id}", f"stream:{tape.stream_id}"))

    def _read(self, generation: Generation) -> Outcome:
        try:
            reason = self._record(generation)
        except ProviderError as problem:
            return _failed(generation, problem.code, problem.message)
        except Aborted:
            return _failed(generation, "aborted", "The answer was cut off.")
        except Exception:
            log.exception("generation failed", stream=generation.tape.stream_id)
            return _failed(generation, "internal", "Something went wrong while answering.")
        if generation.why is not None:
            return _failed(generation, "aborted", "The answer was cut off.")
        return Outcome(Status.DONE, finish_reason=reason)

    def _record(self, generation: Generation) -> str | None:
        """Put every delta on the tape; return the finish reason."""
        tape, batcher = generation.tape, generation.recording.batcher
        topic = (f"tape:{tape.stream_id}",)
        clock, ring, tally = self._clock, self._ring_here, self.tally
        counted = len(tape.data)
        until = clock() + self._limits.seconds if self._limits.seconds else float("inf")
        most = self._limits.bytes or float("inf")
        reason = None
        for item in generation.source:
            now = clock()
            if type(item) is Delta and generation.why is None:
                text = item.text
                if generation.first_at is None:
                    generation.first_at = now
                tape.append(text)
                batcher.feed(text, now)
                tally.deltas += 1
                tally.delta_bytes += len(tape.data) - counted
                counted = len(tape.data)
                ring(topic)
            elif isinstance(item, Usage):
                generation.usage = _usage(item)
            elif isinstance(item, Finished):
                reason = item.reason
            elif isinstance(item, Reasoning):
                continue  # a second stream of the message, when reasoning is shown
            why = generation.why
            if why is not None and (generation.usage is not None or not isinstance(why, Stopped)):
                break  # who was stopped may still hear what it cost: its source is closed in a moment
            if len(tape.data) > most:
                raise ProviderError("too_large", "The answer grew beyond the limit of this server.")
            if now > until:
                raise ProviderError("timed_out", "The answer took longer than this server allows.")
        return reason

    def _finish(self, generation: Generation, outcome: Outcome) -> None:
        tape = generation.tape
        self._writer.release(generation.recording)
        if isinstance(generation.why, LeaseLost):
            log.warning("lease lost", stream=tape.stream_id, epoch=tape.epoch)
            self.tally.lost_leases += 1
            tape.lost = True
            return
        handed_over = generation.movable and outcome.status is Status.INTERRUPTED
        kept = self._hand_over(generation) if handed_over else self._close(generation, outcome)
        if handed_over or not kept:
            tape.lost = True  # its readers go on at what is stored
        self.tally.ended[outcome.status] += kept and not handed_over
        said = "handed over" if handed_over else "answered"
        about = {"stream": tape.stream_id, "epoch": tape.epoch, "status": str(outcome.status)}
        log.info(said, **about, bytes=len(tape.data))

    def _hand_over(self, generation: Generation) -> bool:
        """Store the text and let go of it: it stays streaming, for another process to go on."""
        tape = generation.tape
        text = tape.data.decode()
        return self._insist(generation, partial(self._release_stream, tape.stream_id, tape.epoch, text=text))

    def _close(self, generation: Generation, outcome: Outcome) -> bool:
        """Store the end with the whole text; only then may readers of the tape be told."""
        tape = generation.tape
        text = tape.data.decode()
        usage = _usage_of(generation, text)
        close = partial(
            self._close_stream,
            tape.stream_id,
            tape.epoch,
            outcome.status,
            text=text,
            usage=usage,
            error=outcome.error,
            finish_reason=outcome.finish_reason,
            timing=_timing(generation, self._clock()),
        )
        if not self._insist(generation, close):
            return False
        tape.end = End(
            outcome.status, len(tape.data), tape.epoch, usage, outcome.error, outcome.finish_reason
        )
        return True

    def _insist(self, generation: Generation, close: Callable[[], bool]) -> bool:
        """Store the end, again and again while the database is away; False when the lease was lost."""
        give_up_at = self._clock() + INSIST_S
        while not isinstance(generation.why, LeaseLost):
            try:
                return close()
            except Exception as error:
                if self._clock() >= give_up_at:
                    raise
                if not isinstance(error, StoreAway):  # the store says it, once an outage
                    log.exception("the end is not stored yet", stream=generation.tape.stream_id)
                gevent.sleep(INSIST_PAUSE_S)
        return False


def _failed(generation: Generation, code: str, message: str) -> Outcome:
    """Name the end of a generation that did not finish: what somebody asked for counts before what broke."""
    match generation.why:
        case Stopped():
            return Outcome(Status.STOPPED)
        case Leaving():
            return Outcome(Status.INTERRUPTED)
    return Outcome(Status.ERROR, {"code": code, "message": message})


def _usage_of(generation: Generation, text: str) -> dict[str, Any] | None:
    """Say what the whole answer cost: as counted, and guessed for what nobody counted."""
    counted, base = generation.usage, generation.tape.bases[-1]
    if counted is None:
        return generation.source.estimate(text)
    earlier = generation.source.estimate(text.encode()[:base].decode()) if base else None
    if earlier is None:
        return counted
    tokens = counted["output_tokens"] + earlier["output_tokens"]
    return {**counted, "output_tokens": tokens, "estimated": True}


def _timing(generation: Generation, now: float) -> dict[str, int | None]:
    """Say how long it took; `first_token_ms` is None where no word came."""
    began, first = generation.began_at, generation.first_at
    first_ms = None if first is None else round(1000 * (first - began))
    return {"first_token_ms": first_ms, "total_ms": round(1000 * (now - began))}


def _usage(item: Usage) -> dict[str, Any]:
    return {
        "input_tokens": item.input_tokens,
        "output_tokens": item.output_tokens,
        "estimated": item.estimated,
    }
