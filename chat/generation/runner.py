"""The runner: one generation, from the first delta to the end record."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from chat.core.frames import End
from chat.core.lifecycle import Status
from chat.core.tally import Tally
from chat.generation.generation import Generation, LeaseLost, Leaving, Stopped
from chat.generation.insisting import insist
from chat.generation.providers.types import Aborted, Delta, Finished, ProviderError, Reasoning, Usage
from chat.generation.thinking import Desk, Thinking
from chat.generation.writer import Writer
from chat.live.tape import Tapes

log = structlog.get_logger()


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


OpenBeside = Callable[[str, int, str], bool]  # store.beside.Beside.open_beside
CloseStream = Callable[..., bool]  # store.streams.Streams.close
ReleaseStream = Callable[..., bool]  # store.leases.Leases.release
Ring = Callable[[tuple[str, ...]], None]


class Runner:
    """Runs generations: tape first, then the bell; the writer stores behind."""

    def __init__(
        self,
        *,
        tapes: Tapes,
        writer: Writer,
        ring_here: Ring,
        open_beside: OpenBeside,
        close_stream: CloseStream,
        release_stream: ReleaseStream,
        clock: Callable[[], float],
        limits: Limits,
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._desk = Desk(tapes, writer, ring_here, open_beside, close_stream, clock)
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
        reason, answering = None, False
        for item in generation.source:
            now = clock()
            if type(item) is Delta and generation.why is None:
                text = item.text
                if not answering:
                    answering = True
                    self._begin_answer(generation, now)
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
            elif isinstance(item, Reasoning) and generation.why is None:
                self._think(generation, item.text, now)
            why = generation.why
            if why is not None and (generation.usage is not None or not isinstance(why, Stopped)):
                break  # who was stopped may still hear what it cost: its source is closed in a moment
            if len(tape.data) + generation.thought_bytes > most:
                raise ProviderError("too_large", "The answer grew beyond the limit of this server.")
            if now > until:
                raise ProviderError("timed_out", "The answer took longer than this server allows.")
        return reason

    def _begin_answer(self, generation: Generation, now: float) -> None:
        generation.first_at = generation.first_at or now
        if generation.thinking is not None:
            generation.thinking.end(Status.DONE)

    def _think(self, generation: Generation, text: str, now: float) -> None:
        """Put reasoning where it belongs; what comes after the first word of text is dropped."""
        generation.first_at = generation.first_at or now
        generation.thought_bytes += len(text.encode())
        if generation.thinking is None and not generation.tape.data:
            generation.thinking = Thinking(
                generation.recording, generation.chunk_by, generation.flush_ms, self._desk
            )
        if generation.thinking is not None:
            generation.thinking.hear(text, now)

    def _end_thinking(self, generation: Generation, status: Status) -> None:
        """See that what was thought is stored before the answer's end is."""
        thinking = generation.thinking
        if thinking is None:
            return
        if isinstance(generation.why, LeaseLost):
            thinking.lose()
        thinking.end(status)
        thinking.join()

    def _finish(self, generation: Generation, outcome: Outcome) -> None:
        tape = generation.tape
        self._writer.release(generation.recording)
        self._end_thinking(generation, outcome.status)
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
        usage, timing = _usage_of(generation, text), _timing(generation, self._clock())
        close = partial(
            self._close_stream,
            tape.stream_id,
            tape.epoch,
            outcome.status,
            text=text,
            usage=usage,
            error=outcome.error,
            finish_reason=outcome.finish_reason,
            timing=timing,
        )
        if not self._insist(generation, close):
            return False
        tape.end = End(
            outcome.status, len(tape.data), tape.epoch, usage, outcome.error, outcome.finish_reason, timing
        )
        return True

    def _insist(self, generation: Generation, close: Callable[[], bool]) -> bool:
        """Store the end, again and again while the database is away; False when the lease was lost."""
        return insist(close, lambda: isinstance(generation.why, LeaseLost), self._clock)


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
        thinking = generation.thinking
        return generation.source.estimate((thinking.tape.data.decode() if thinking else "") + text)
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
