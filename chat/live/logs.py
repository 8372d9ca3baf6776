"""Two logs with one face: whoever reads a stream need not know whether tape or store answers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal, Protocol

from chat.core.frames import End
from chat.live.bell import Bell, Ear
from chat.live.mirror import Mirror, Mirrors
from chat.live.tape import Tape, Tapes

Pace = Literal["stored", "delta"]


class Log(Protocol):
    """A stream's text as far as this log knows it, whole, from byte 0."""

    @property
    def data(self) -> bytearray: ...
    @property
    def epoch(self) -> int: ...
    @property
    def bases(self) -> tuple[int, ...]: ...
    @property
    def end(self) -> End | None: ...


class Reader:
    """One reader's choice of log: the tape where it asked for deltas and there is one, else the store."""

    def __init__(self, stream_id: str, pace: Pace, tapes: Tapes, mirrors: Mirrors, stack: ExitStack) -> None:
        self.stream_id = stream_id
        self._pace = pace
        self._tapes = tapes
        self._mirrors = mirrors
        self._stack = stack
        self._tape: Tape | None = None
        self._mirror: Mirror | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        """The bells that tell when it is worth looking again."""
        stored = f"stream:{self.stream_id}"
        return (stored, f"tape:{self.stream_id}") if self._pace == "delta" else (stored,)

    def look(self) -> Log | None:
        """Give the log to read now; None when there is no such stream any more."""
        if self._pace == "delta":
            tape = self._tapes.get(self.stream_id) or self._tape
            if tape is not None and not tape.lost:
                self._tape = tape  # kept: its end record comes after it has left the table
                return tape
        if self._mirror is None:
            self._mirror = self._stack.enter_context(self._mirrors.open(self.stream_id))
        self._mirror.refresh()
        return None if self._mirror.gone else self._mirror


class Logs:
    """Opens readers on the logs of this process."""

    def __init__(self, bell: Bell, tapes: Tapes, mirrors: Mirrors) -> None:
        self._bell = bell
        self._tapes = tapes
        self._mirrors = mirrors

    @contextmanager
    def open(self, stream_id: str, pace: Pace) -> Iterator[tuple[Reader, Ear]]:
        """Listen, and be ready to read: what is written from now on is heard."""
        with ExitStack() as stack:
            reader = Reader(stream_id, pace, self._tapes, self._mirrors, stack)
            ear = stack.enter_context(self._bell.listen(*reader.topics))
            yield reader, ear
