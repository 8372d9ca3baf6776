"""Metrics: the tally and the present of this process, in the form of Prometheus; of all workers together.

With several workers a scrape reaches one of them. Each writes its figures into a file a second
(prometheus_client's multiprocess mode, for which gunicorn.conf.py makes the folder), and whoever is asked
adds up all files: its own are of this moment, those of the others at most a second old.
"""

import os
from collections.abc import Mapping

import structlog
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from chat.core.log import StoreAway
from chat.core.tally import Spread
from chat.live.bell import LocalBell
from chat.store.census import live_counts
from chat.store.reading_queue import unread
from chat.web.house import House

log = structlog.get_logger()

PREFIX = "headwater_"
OPEN_FILES = "/proc/self/fd"  # Linux only; elsewhere that figure is left out

# name: what it says. The docs list them (docs/deploy.md).
COUNTERS = {
    "deltas": "Pieces of text that providers sent.",
    "delta_bytes": "Bytes of that text.",
    "takeovers": "Answers of another process that were gone on with here.",
    "lost_leases": "Answers that another process took from this one.",
    "failed_flushes": "Flushes that the database refused; their text was stored by a later one.",
    "embedded": "Passages that got their vector.",
    "failed_embeddings": "Requests to the embeddings' server that brought no vectors.",
}
SPREADS = {
    "flush_s": ("flush_seconds", "One flush: the due text of all streams, in one transaction."),
    "flush_bytes": ("flush_size_bytes", "Bytes of text in one flush."),
    "write_s": ("commit_seconds", "One write, from the asking until it is on disk, its turn included."),
    "read_s": ("read_seconds", "One read of the database."),
    "lag_s": (
        "viewer_lag_seconds",
        "From when a process knew of a change until a viewer's socket had taken it.",
    ),
    "document_s": ("document_seconds", "To read one document, from its turn until answers draw on it."),
    "nearest_s": ("nearest_seconds", "To find passages by meaning, the question's own vector included."),
    "loop_s": ("loop_delay_seconds", "By how much a greenlet wakes later than it asked to."),
}
GAUGES = {
    "generations": "Answers that are being generated.",
    "listened_topics": "Topics that somebody listens to.",
    "open_files": "Open file descriptors.",
    "deaf_processes": "Processes that hear no rings of others at the moment: readers look twice a second.",
    "tapeless_processes": "Processes whose Redis is away: readers elsewhere get the stored batches.",
    "draining_processes": "Processes that are leaving.",
    "vector_bytes": "Bytes of vectors that are kept in memory.",
}
LINES = ("driver", "viewer", "socket")


def spans_processes() -> bool:
    """Say whether figures are shared with other workers; decided when prometheus_client was imported."""
    return values.ValueClass is not values.MutexValue


class Metrics:
    """The metrics of one house. `publish` brings them up to date; `page` is what a scrape gets."""

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, made: House) -> None:
        self._made = made
        self._registry = CollectorRegistry()
        own = None if spans_processes() else self._registry
        self._counters = {name: Counter(PREFIX + name, says, registry=own) for name, says in COUNTERS.items()}
        self._ended = Counter(
            f"{PREFIX}answers_ended", "Answers that ended, by status.", ["status"], registry=own
        )
        self._read = Counter(
            f"{PREFIX}documents_read",
            "Documents that were read, by how that ended.",
            ["status"],
            registry=own,
        )
        self._gauges = {
            name: Gauge(PREFIX + name, says, registry=own, multiprocess_mode="livesum")
            for name, says in GAUGES.items()
        }
        self._lines = Gauge(
            f"{PREFIX}readers",
            "Lines that are open, by kind of reader.",
            ["kind"],
            registry=own,
            multiprocess_mode="livesum",
        )
        self._spreads = {
            field: Histogram(PREFIX + name, says, buckets=getattr(made.tally, field).bounds, registry=own)
            for field, (name, says) in SPREADS.items()
        }
        self._published: dict[object, float] = {}
        if own is None:
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]

    def page(self) -> bytes:
        """Give the figures of all workers in Prometheus' text format. Reads the database, briefly.

        While that is away, how the streams stand is left out: the rest is wanted then more than ever.
        """
        self.publish()
        once = CollectorRegistry()  # of this scrape: how the streams stand is the same whoever is asked
        try:
            once.register(_Told(live_counts_of(self._made), self._made.store.read(unread)))
        except StoreAway:
            log.warning("metrics without the streams: the database is away")
        return generate_latest(self._registry) + generate_latest(once)

    def publish(self) -> None:
        """Bring what is shown up to what was counted since the last time. Cheap when nothing changed."""
        tally = self._made.tally
        for name, counter in self._counters.items():
            counter.inc(self._gained(name, getattr(tally, name)))
        for status, count in tally.ended.items():
            self._ended.labels(str(status)).inc(self._gained(("ended", status), count))
        for status, count in tally.documents_read.items():
            self._read.labels(status).inc(self._gained(("read", status), count))
        for field, histogram in self._spreads.items():
            self._pour(field, getattr(tally, field), histogram)
        for kind in LINES:
            self._lines.labels(kind).set(tally.lines[kind])
        for name, value in present(self._made).items():
            self._gauges[name].set(value)

    def _pour(self, field: str, spread: Spread, histogram: Histogram) -> None:
        """Add what a spread gained; the library itself takes one value at a time only."""
        for number, count in enumerate(spread.counts):
            if gained := self._gained((field, number), count):
                histogram._buckets[number].inc(gained)
        histogram._sum.inc(self._gained((field, "sum"), spread.sum))

    def _gained(self, key: object, now: float) -> float:
        gained = now - self._published.get(key, 0)
        self._published[key] = now
        return gained


def present(made: House) -> Mapping[str, float]:
    """Say how this process stands at the moment."""
    bell = made.bell
    found = {
        "generations": len(made.tapes),
        "listened_topics": bell.listeners() if isinstance(bell, LocalBell) else 0,
        "deaf_processes": bool(getattr(bell, "deaf", False)),
        "tapeless_processes": made.shared.away,
        "draining_processes": made.engine.draining,
        "vector_bytes": made.vectors.matrices.bytes if made.vectors else 0,
    }
    if os.path.isdir(OPEN_FILES):
        found["open_files"] = len(os.listdir(OPEN_FILES))
    return found


def live_counts_of(made: House) -> Mapping[str, int]:
    """Count the streams that are not at rest; a look at the index of those alone."""
    return made.store.read(live_counts)


class _Told:
    """Figures that one scrape gives as they are."""

    def __init__(self, streams: Mapping[str, int], documents: Mapping[str, int]) -> None:
        self._streams = streams
        self._documents = documents

    def collect(self) -> list[GaugeMetricFamily]:
        return [
            _family("streams", "Streams in the database that are not at rest, by state.", self._streams),
            _family("documents", "Documents that are still to be read, by state.", self._documents),
        ]


def _family(name: str, says: str, counts: Mapping[str, int]) -> GaugeMetricFamily:
    found = GaugeMetricFamily(PREFIX + name, says, labels=["state"])
    for state, count in counts.items():
        found.add_metric([state], count)
    return found
