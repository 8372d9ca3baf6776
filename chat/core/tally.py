"""The tally: plain figures that hot paths add to, and that whoever asks for metrics reads.

Adding is one or two operations on integers and floats: no lock, no name looked up, nothing allocated. All of
it happens on the hub's thread, so no addition is lost. Figures only grow, except those that say "now".
"""

from bisect import bisect_left
from collections import Counter

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MINUTES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)  # in seconds
BYTES = (256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0)


class Spread:
    """How often a measured value fell between which bounds, and the sum of all: a histogram."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # the last: beyond all bounds
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Note one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Tally:
    """The figures of one process."""

    __slots__ = (
        *("deltas", "delta_bytes", "ended", "takeovers", "lost_leases"),
        *("flush_s", "flush_bytes", "failed_flushes", "write_s", "read_s"),
        *("lag_s", "loop_s", "lines", "documents_read", "document_s"),
        *("embedded", "failed_embeddings", "nearest_s"),
    )

    def __init__(self) -> None:
        self.deltas = 0
        self.delta_bytes = 0
        self.ended: Counter[str] = Counter()  # answers, by final status
        self.takeovers = 0  # streams of other processes that this one went on with
        self.lost_leases = 0
        self.flush_s = Spread()
        self.flush_bytes = Spread(BYTES)
        self.failed_flushes = 0
        self.write_s = Spread()  # from the asking until it is on disk, waiting for its turn included
        self.read_s = Spread()
        self.lag_s = Spread()  # from when this process knew of a batch until a viewer's socket had it
        self.loop_s = Spread()  # by how much a greenlet wakes later than it asked for
        self.embedded = 0  # passages that got their vector here
        self.failed_embeddings = 0  # questions, and rounds, that got none
        self.nearest_s = Spread()  # to find by meaning, the question's own vector included
        self.lines: Counter[str] = Counter()  # open now, by kind of reader
        self.documents_read: Counter[str] = Counter()  # to the end, by how that was: ready, failed
        self.document_s = Spread(MINUTES)  # to read one, from its claim until it is ready
