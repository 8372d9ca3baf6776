"""Two logs with one face: whoever reads a stream need not know whether tape or store answers."""

from contextlib import ExitStack
from types import TracebackType
from typing import Literal, Protocol

from chat.core.frames import End
from chat.core.lifecycle import is_interrupted
from chat.live.mirror import Mirror, Mirrors
from chat.live.overlay import Overlay, Overlays
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
    """One reader's choice of log: where it asked for deltas the tape, here or shared, else the store.

    Listen to its `topics` first, then look. Leave it (`with`) when you are done: mirrors are shared.
    """

    def __init__(
        self, stream_id: str, pace: Pace, tapes: Tapes, mirrors: Mirrors, overlays: Overlays | None
    ) -> None:
        self.stream_id = stream_id
        self._pace = pace
        self._tapes = tapes
        self._mirrors = mirrors
        self._overlays = overlays if pace == "delta" else None
        self._stack = ExitStack()
        self._tape: Tape | None = None
        self._mirror: Mirror | None = None
        self._overlay: Overlay | None = None

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is shared. Doing it twice is harmless; a later look opens it anew."""
        self._mirror = self._overlay = None
        self._stack.close()

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
                resumable = tape.end is not None and is_interrupted(tape.end.status)
                self._tape = None if resumable else tape  # kept, for its end record comes when it has left
                return tape
        if self._overlays is not None:
            if self._overlay is None:
                self._overlay = self._stack.enter_context(self._overlays.open(self.stream_id))
            return self._overlay.refresh()
        if self._mirror is None:
            self._mirror = self._stack.enter_context(self._mirrors.open(self.stream_id))
        self._mirror.refresh()
        return None if self._mirror.gone else self._mirror


class Logs:
    """Opens readers on the logs of this process."""

    def __init__(self, tapes: Tapes, mirrors: Mirrors, overlays: Overlays | None = None) -> None:
        self._tapes = tapes
        self._mirrors = mirrors
        self._overlays = overlays

    def reader(self, stream_id: str, pace: Pace) -> Reader:
        """Make a reader of one stream; it reads nothing before its first look."""
        return Reader(stream_id, pace, self._tapes, self._mirrors, self._overlays)
