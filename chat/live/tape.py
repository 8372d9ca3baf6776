"""The tape: every delta of a live stream, in memory, lost on purpose when the process goes."""

from collections.abc import Iterator

from gevent.event import Event

from chat.core.frames import End


class Tape:
    """The whole text of one epoch: what was stored at its base, then every delta as it came."""

    __slots__ = ("bases", "data", "end", "epoch", "lost", "stream_id")

    def __init__(self, stream_id: str, epoch: int, bases: tuple[int, ...], text: bytes) -> None:
        self.stream_id = stream_id
        self.epoch = epoch
        self.bases = bases
        self.data = bytearray(text)
        self.end: End | None = None  # set once the end is stored
        self.lost = False  # set when the lease was lost: nobody may read on

    def append(self, text: str) -> None:
        """Add a delta: whole characters, as cleaned by the one place that cleans."""
        self.data += text.encode()


class Tapes:
    """The tapes of this process, by stream."""

    def __init__(self) -> None:
        self._tapes: dict[str, Tape] = {}
        self.changed = Event()  # one came or went; whoever publishes them clears it

    def __iter__(self) -> Iterator[Tape]:
        return iter(list(self._tapes.values()))

    def __len__(self) -> int:
        return len(self._tapes)

    def add(self, tape: Tape) -> None:
        """Show a tape to readers."""
        self._tapes[tape.stream_id] = tape
        self.changed.set()

    def get(self, stream_id: str) -> Tape | None:
        """Find the tape of a stream that this process generates."""
        return self._tapes.get(stream_id)

    def drop(self, tape: Tape) -> None:
        """Forget a tape; who reads it keeps it until its end."""
        if self._tapes.get(tape.stream_id) is tape:
            del self._tapes[tape.stream_id]
            self.changed.set()
