"""Thinking: what a model says before it answers, as a stream of its own beside that of the answer."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import gevent
import structlog
from gevent.event import Event

from chat.core.batching import Batcher
from chat.core.frames import End
from chat.core.lifecycle import Status, is_interrupted
from chat.generation.insisting import insist
from chat.generation.writer import Recording, Writer
from chat.live.tape import Tape, Tapes

log = structlog.get_logger()

EPOCH = 1  # the only one: nobody goes on with it, a new epoch of the answer thinks anew


@dataclass(frozen=True, slots=True)
class Desk:
    """What thinking needs of its process.

    `open`: store.beside.Beside.open_beside; `close`: store.streams.Streams.close.
    """

    tapes: Tapes
    writer: Writer
    ring_here: Callable[[tuple[str, ...]], None]
    open: Callable[[str, int, str], bool]
    close: Callable[..., bool]
    clock: Callable[[], float]


class Thinking:
    """The reasoning of one generation, from its first word to its end.

    Its row is made beside the provider's loop, which never waits for it. Until its end is stored, nothing of
    the answer's text is: so whoever reads along has first the one, then the other, and never both at once.
    """

    def __init__(self, answer: Recording, chunk_by: str, flush_ms: int, desk: Desk) -> None:
        self.tape = Tape(secrets.token_hex(12), EPOCH, (0,), b"")
        self.is_open = False  # it has a row, whose lease is to be renewed
        self._answer = answer
        self._desk = desk
        self._recording = Recording(self.tape, Batcher(chunk_by, flush_ms), self.lose)
        self._began_at = desk.clock()
        self._status: Status | None = None
        self._ended_at = 0.0
        self._over = Event()
        self._lost = False
        answer.waits = True
        self._life = gevent.spawn(self._live)

    @property
    def stream_id(self) -> str:
        return self.tape.stream_id

    def hear(self, text: str, now: float) -> None:
        """Take the next words."""
        if not (self._over.is_set() or self._lost):
            self.tape.append(text)
            self._recording.batcher.feed(text, now)
            self._desk.ring_here((f"tape:{self.stream_id}",))

    def end(self, status: Status) -> None:
        """It is over, as the answer is or because its text begins; only the first word of it counts."""
        if self._status is None:
            # An answer that changes hands thinks anew: this is all that there will be of it.
            self._status = Status.STOPPED if is_interrupted(status) else status
            self._ended_at = self._desk.clock()
            self._over.set()

    def lose(self) -> None:
        """Write nothing more of it: it was deleted, or another process has the answer now."""
        self._lost = self.tape.lost = True
        self._over.set()

    def join(self) -> None:
        """Wait until its end is stored, or nobody will store it."""
        self._life.join()

    def _live(self) -> None:
        try:
            kept = insist(self._open, self._is_lost, self._desk.clock)
            if kept:
                self._over.wait()
                self._desk.writer.release(self._recording)
                kept = insist(self._close, self._is_lost, self._desk.clock)
            if not kept:
                self.lose()
        except Exception:
            log.exception("the reasoning could not be stored", reasoning=self.stream_id)
            self.lose()
        finally:
            self.is_open = self._answer.waits = False
            self._desk.writer.release(self._recording)
            self._desk.tapes.drop(self.tape)
            self._desk.ring_here((f"tape:{self.stream_id}", f"stream:{self.stream_id}"))

    def _open(self) -> bool:
        answer = self._answer.tape
        if not self._desk.open(answer.stream_id, answer.epoch, self.stream_id):
            return False
        self.is_open = True
        self._desk.tapes.add(self.tape)
        self._desk.writer.record(self._recording)
        self._desk.ring_here((f"stream:{self.stream_id}",))
        return True

    def _close(self) -> bool:
        assert self._status is not None, "it is over, and not lost"
        text = self.tape.data.decode()
        total_ms = round(1000 * (self._ended_at - self._began_at))
        timing: dict[str, int | None] = {"first_token_ms": 0, "total_ms": total_ms}
        kept = self._desk.close(self.stream_id, EPOCH, self._status, text=text, timing=timing)
        if kept:
            self.tape.end = End(self._status, len(self.tape.data), EPOCH, timing=timing)
        return kept

    def _is_lost(self) -> bool:
        return self._lost
