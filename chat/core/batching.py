"""The flush policy of one stream: when the deltas that wait are a batch worth storing."""

from collections import deque

from chat.core.boundaries import LOOK_BACK, NAMED, after_bytes

ChunkBy = str  # "word" | "sentence" | "paragraph" | a number of bytes, 1 to 4096, in decimal digits
LARGEST_STEP = 4096  # bytes; also the most that waits whatever the rule


def parse_chunk_by(value: str | int) -> ChunkBy:
    """Check what a client or a setting asks for and return its one written form. Raise ValueError."""
    if isinstance(value, str) and value in NAMED:
        return value
    written = str(value)  # True is written "True", so it falls out below
    if written.isascii() and written.isdigit() and len(written) <= 4 and 1 <= int(written) <= LARGEST_STEP:
        return str(int(written))
    raise ValueError(f"chunk_by must be word, sentence, paragraph or a number of bytes, 1 to {LARGEST_STEP}")


class Batcher:
    """Say up to where a stream should be stored now; keeps no text but what a boundary needs.

    Feeding only notes what came (every token passes here); the text is looked at when the writer asks.
    """

    def __init__(
        self, chunk_by: ChunkBy, flush_ms: int, offset: int = 0, max_bytes: int = LARGEST_STEP
    ) -> None:
        self._last_boundary = NAMED.get(chunk_by) or after_bytes(int(chunk_by))
        self._patience = flush_ms / 1000
        self._max_bytes = max_bytes
        self._end = self._looked = self._boundary = self._stored = offset
        self._old = ""  # the last characters already looked at
        self._new: list[str] = []  # the deltas not looked at yet
        self._arrivals: deque[tuple[int, float]] = deque()  # where each unstored delta ends, when it came

    def feed(self, text: str, now: float) -> None:
        """Note a delta as it was appended to the tape; `now` in monotonic seconds."""
        if text:
            self._end += len(text) if text.isascii() else len(text.encode())
            self._new.append(text)
            self._arrivals.append((self._end, now))

    def ready(self, now: float) -> int | None:
        """Return the offset up to which the tape should be stored now, None when nothing is due.

        That is the last boundary, or everything once the oldest unstored delta is old enough or too much
        waits. Asking twice is harmless; only `stored` moves on.
        """
        if self._new:
            self._look()
        waiting = self._end - self._stored
        if not waiting:
            return None
        if waiting >= self._max_bytes or now - self._arrivals[0][1] >= self._patience:
            return self._end
        return self._boundary if self._boundary > self._stored else None

    def stored(self, offset: int) -> None:
        """Note that everything up to `offset` is committed. An older offset changes nothing."""
        self._stored = max(self._stored, offset)
        while self._arrivals and self._arrivals[0][0] <= self._stored:
            self._arrivals.popleft()

    def _look(self) -> None:
        new = "".join(self._new)
        self._new.clear()
        found = self._last_boundary(self._old, new, self._looked)
        if found >= 0:
            self._boundary = self._looked + len(new[:found].encode())
        self._old = (self._old + new)[-LOOK_BACK:]
        self._looked = self._end
