"""The streaming column put together by hand: real SQLite, tapes, bell and engine; no Flask, no provider."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from sqlalchemy import create_engine

from chat.composition import fetch
from chat.core.frames import Frame, Ping, Slice
from chat.generation import clock, identity
from chat.generation.engine import Engine, NoSource, Pace
from chat.generation.iterables import FromIterable
from chat.generation.reaper import Waits
from chat.generation.runner import Limits, Runner
from chat.generation.writer import Writer
from chat.live.bell import Bell, LocalBell
from chat.live.follow import follow
from chat.live.logs import Logs
from chat.live.logs import Pace as ReadingPace
from chat.live.mirror import Mirrors
from chat.live.overlay import Overlays
from chat.live.relayed import open_bell
from chat.live.shared_tape import open_shared_tapes
from chat.live.tape import Tapes
from chat.store.sqlite import SqliteStore, prepare
from chat.store.stored import StreamState
from chat.store.streams import Batch, Streams
from chat.store.tables import metadata
from tests.patience import PATIENCE_S

NO_LIMITS = Limits(0, 0)
UNTIL_TOLD = Waits(start_pending_s=(3600, 3600))  # what a test has yet to drive is started by nobody else
QUICK = Pace(flush_ms=50, waits=UNTIL_TOLD)
# What is heard then was heard by its ring, and by no clock.
BY_RING_ALONE = Pace(flush_ms=50, renew_s=3600, waits=UNTIL_TOLD)

HEARTBEAT_S = 1800  # none while a test runs: rings alone wake a reader, and one that is missing shows
_RIGS: list["Rig"] = []  # that were made and not ended


def end_rigs() -> None:
    """End all that were made: what a test leaves running takes its turns from the tests after it."""
    while _RIGS:
        _RIGS.pop().end()


class Clock:
    """A lease clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Rig:
    """One process's worth of streaming, on the file in `folder`; with `redis_url`, its tapes are shared."""

    def __init__(
        self,
        folder: Path,
        *,
        owner: str | None = None,
        limits: Limits = NO_LIMITS,
        continues: bool = False,
        redis_url: str | None = None,
        pace: Pace = QUICK,
    ) -> None:
        self.bell: Bell = open_bell("sqlite:///unused", redis_url) if redis_url else LocalBell()
        self.database = prepare(create_engine(f"sqlite:///{folder}/rig.sqlite3"))
        self.store = SqliteStore(self.database, self.bell.ring)
        self.store.write(lambda tx: metadata.create_all(tx.conn))
        self.lease_clock = Clock()
        self.reads = 0
        name = owner or str(identity.myself())
        self.streams = Streams(
            self.store, owner=lambda: name, lease_s=6, wall=clock.wall, lease_clock=self.lease_clock
        )
        self.tapes = Tapes()
        self.mirrors = Mirrors(self.bell, self._fetch, clock.monotonic, 15)
        self.shared = open_shared_tapes(redis_url, self.tapes, self.bell)
        overlays = Overlays(self.bell, self.mirrors, self.shared, clock.monotonic, 15) if redis_url else None
        self.logs = Logs(self.tapes, self.mirrors, overlays)
        self.writer = Writer(self.streams.append, Batch, clock.monotonic, 0.01)
        self.runner = Runner(
            tapes=self.tapes, writer=self.writer, ring_here=self.bell.ring_here,
            open_beside=self.streams.open_beside, close_stream=self.streams.close,
            release_stream=self.streams.release,
            clock=clock.monotonic, limits=limits,
        )  # fmt: skip
        self.sources: dict[str, Iterable[str]] = {}
        self.engine = Engine(
            streams=self.streams, tapes=self.tapes, bell=self.bell, writer=self.writer, runner=self.runner,
            open_source=self._open, is_dead=identity.is_dead, clock=clock.monotonic, pace=pace,
            continues=continues, salvage=self.shared.salvage,
        )  # fmt: skip
        self._ids = (f"s{number}" for number in itertools.count())
        self._begun: list[gevent.Greenlet] = []  # its rounds, and what it generates
        self.writer.run = partial(self._noted, self.writer.run)
        for run in ("_renew_for_ever", "_reap_for_ever", "_generate"):
            setattr(self.engine, run, partial(self._noted, getattr(self.engine, run)))
        _RIGS.append(self)

    def end(self) -> None:
        """Let nothing of it run on, as the death of its process would."""
        gevent.killall(self._begun, timeout=PATIENCE_S)
        self.store.close()
        self.database.dispose()

    def stream(self, pieces: Iterable[str] | None = None, chunk_by: str = "sentence") -> str:
        """Make a pending stream; with `pieces` the engine can drive it."""
        stream_id = next(self._ids)
        self.store.write(lambda tx: self.streams.create(tx, stream_id, chunk_by=chunk_by))
        if pieces is not None:
            self.sources[stream_id] = pieces
        return stream_id

    def follow(
        self, stream_id: str, pace: ReadingPace = "stored", offset: int = 0, epoch: int = 0
    ) -> list[Frame]:
        """Read to the end of the stream."""
        with self.reading(stream_id, pace, offset, epoch) as frames:
            return list(frames)

    @contextmanager
    def reading(
        self, stream_id: str, pace: ReadingPace = "stored", offset: int = 0, epoch: int = 0
    ) -> Iterator[Iterator[Frame]]:
        reader = self.logs.reader(stream_id, pace)
        with reader, self.bell.listen(*reader.topics) as ear:
            frames = follow(reader, ear, offset, epoch, HEARTBEAT_S, lambda rung: False)
            # How often nothing came says only how fast the machine is.
            yield (frame for frame in frames if not isinstance(frame, Ping))

    def text(self, stream_id: str) -> str:
        """Give what is stored."""
        stored = self.streams.read(stream_id)
        assert stored is not None
        return stored.data.decode()

    def status(self, stream_id: str) -> str:
        state = self.streams.state(stream_id)
        assert state is not None
        return state.status

    def _noted(self, run: Callable[..., None], *given: Any) -> None:
        self._begun.append(gevent.getcurrent())
        run(*given)

    def _fetch(self, *place: object) -> object:
        self.reads += 1
        return partial(fetch, self.streams)(*place)

    def _open(self, state: StreamState, so_far: str) -> FromIterable:
        if state.id not in self.sources:
            raise NoSource(state.id)
        return FromIterable(self.sources[state.id])


def text_of(frames: Iterable[Frame]) -> str:
    """Join the slices, each where the last one ended."""
    data = b""
    for frame in frames:
        if isinstance(frame, Slice):
            assert frame.offset == len(data), "a gap, or a double"
            data += frame.data
    return data.decode()
