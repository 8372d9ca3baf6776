"""Mirrors: this process's copy of what is stored of a followed stream; one read a ring, whoever waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import gevent
from gevent.lock import RLock

from chat.core.frames import End
from chat.core.log import StoreAway
from chat.live.bell import Bell, Ear

AGAIN_S = 0.5  # between two tries while the store is away


@dataclass(frozen=True, slots=True)
class Stored:
    """What a fetch brings: bytes beyond the asked offset, and where the stream is."""

    data: bytes
    epoch: int
    bases: tuple[int, ...]
    end: End | None
    last_seq: int


Fetch = Callable[[str, int, int], Stored | None]  # (stream id, offset, last seq); None: no such stream


class Mirror:
    """The stored log of one stream; it never holds a byte that is not on disk."""

    def __init__(
        self,
        stream_id: str,
        ear: Ear,
        fetch: Fetch,
        clock: Callable[[], float],
        doubt_s: float,
        wake: Callable[[], None],
    ):
        self.stream_id = stream_id
        self.data = bytearray()
        self.epoch = 0
        self.bases: tuple[int, ...] = ()
        self.end: End | None = None
        self.gone = False
        self._is_read = False
        self.ear = ear
        self._fetch = fetch
        self._clock = clock
        self._doubt_s = doubt_s
        self._wake = wake
        self._away_until = float("-inf")
        self._last_seq = 0
        self._read_at: float | None = None
        self._lock = RLock()

    def refresh(self) -> None:
        """Read what is new, if it was rung, or so long ago that a ring may be lost.

        While the store is away it stays as it is, and its readers are woken to look again: what they were
        told is true still. Raises StoreAway only before anything was read.
        """
        with self._lock:
            rung = self.ear.take()
            now = self._clock()
            if rung or self._read_at is None or now - self._read_at > self._doubt_s:
                self._read_at = None  # should the read fail, the ring is not forgotten
                if now < self._away_until:
                    return
                try:
                    self._read()
                except StoreAway:
                    if not self._is_read:
                        raise
                    self._away_until = self._clock() + AGAIN_S
                    gevent.spawn_later(AGAIN_S, self._wake)
                    return
                self._read_at = now

    def _read(self) -> None:
        found = self._fetch(self.stream_id, len(self.data), self._last_seq)
        if found is not None and found.epoch != self.epoch and self._last_seq:
            # Compacted chunks give their numbers back: those of a new epoch may be lower than what we saw.
            found = self._fetch(self.stream_id, len(self.data), 0)
        self._is_read = True
        if found is None:
            self.gone = True
            return
        self.data += found.data
        self.epoch, self.bases, self.end, self._last_seq = (
            found.epoch, found.bases, found.end, found.last_seq,
        )  # fmt: skip


class Mirrors:
    """The mirrors of this process: made for the first reader, dropped with the last."""

    def __init__(self, bell: Bell, fetch: Fetch, clock: Callable[[], float], doubt_s: float) -> None:
        self._bell = bell
        self._fetch = fetch
        self._clock = clock
        self._doubt_s = doubt_s
        self._open: dict[str, tuple[Mirror, int]] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def open(self, stream_id: str) -> Iterator[Mirror]:
        """Share the mirror of this stream with whoever else reads it."""
        mirror, readers = self._open.get(stream_id) or (self._make(stream_id), 0)
        self._open[stream_id] = (mirror, readers + 1)
        try:
            yield mirror
        finally:
            mirror, readers = self._open.pop(stream_id)
            if readers > 1:
                self._open[stream_id] = (mirror, readers - 1)
            else:
                mirror.ear.close()

    def _make(self, stream_id: str) -> Mirror:
        topics = (f"stream:{stream_id}",)
        ear, wake = self._bell.listen(*topics).open(), partial(self._bell.ring_here, topics)
        return Mirror(stream_id, ear, self._fetch, self._clock, self._doubt_s, wake)
