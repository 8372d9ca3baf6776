"""Overlays: what is stored of a stream, and beyond it what its shared tape holds; one read, whoever waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gevent.lock import RLock

from chat.core.frames import End
from chat.live.bell import Bell, Ear
from chat.live.mirror import Mirror, Mirrors
from chat.live.shared_tape import SharedTapes


class Overlay:
    """The text of the newest epoch that is stored, whole, as far as the mirror or the shared tape knows it.

    The store says which epoch it is, where it began and when it ended; the tape only adds bytes. Both hold
    the same text of one epoch, so whichever is longer is right; what was read stays when Redis forgets it.
    """

    def __init__(
        self, mirror: Mirror, ear: Ear, shared: SharedTapes, clock: Callable[[], float], doubt_s: float
    ) -> None:
        self.data = bytearray()
        self.epoch = 0
        self.bases: tuple[int, ...] = ()
        self.end: End | None = None
        self.ear = ear
        self._mirror = mirror
        self._shared = shared
        self._clock = clock
        self._doubt_s = doubt_s
        self._read_at: float | None = None
        self._lock = RLock()

    def refresh(self) -> "Mirror | Overlay | None":
        """Bring it up to date and give the log to read: the mirror alone before a claim and after the end.

        None when there is no such stream any more.
        """
        with self._lock:
            if self.ear.take():
                self._read_at = None  # should the store fail us now, the ring is not forgotten
            self._mirror.refresh()
            mirror = self._mirror
            if mirror.gone:
                return None
            if mirror.end is not None or mirror.epoch == 0:
                self.epoch = 0  # should it be claimed again, nothing of this epoch's tape is kept
                return mirror
            self._follow_store()
            now = self._clock()
            if self._read_at is None or now - self._read_at > self._doubt_s:
                self._read_at = now
                self._read_tape()
            return self

    def _follow_store(self) -> None:
        """Take what is stored beyond us; begin anew with a new epoch, for its tape may go on differently."""
        mirror = self._mirror
        if mirror.epoch != self.epoch:
            self.epoch, self.bases, self.data = mirror.epoch, mirror.bases, bytearray(mirror.data)
            self._read_at = None
        elif len(mirror.data) > len(self.data):
            self.data += memoryview(mirror.data)[len(self.data) :]

    def _read_tape(self) -> None:
        start = len(self.data)
        found = self._shared.read(self._mirror.stream_id, self.epoch, start)
        if found:
            self.data += found


class Overlays:
    """The overlays of this process: made for the first reader of a shared tape, dropped with the last."""

    def __init__(
        self, bell: Bell, mirrors: Mirrors, shared: SharedTapes, clock: Callable[[], float], doubt_s: float
    ) -> None:
        self._bell = bell
        self._mirrors = mirrors
        self._shared = shared
        self._clock = clock
        self._doubt_s = doubt_s
        self._open: dict[str, tuple[Overlay, int]] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def open(self, stream_id: str) -> Iterator[Overlay]:
        """Share the overlay of this stream with whoever else reads it."""
        with self._mirrors.open(stream_id) as mirror:
            overlay, readers = self._open.get(stream_id) or (self._make(stream_id, mirror), 0)
            self._open[stream_id] = (overlay, readers + 1)
            try:
                yield overlay
            finally:
                overlay, readers = self._open.pop(stream_id)
                if readers > 1:
                    self._open[stream_id] = (overlay, readers - 1)
                else:
                    overlay.ear.close()

    def _make(self, stream_id: str, mirror: Mirror) -> Overlay:
        ear = self._bell.listen(f"tape:{stream_id}").open()
        return Overlay(mirror, ear, self._shared, self._clock, self._doubt_s)
