"""Bells as processes have them: each over a line of its own, whichever way its rings travel."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
from sqlalchemy import create_engine

from chat.live.bell import Bell, LocalBell
from chat.live.relay_file import ForeignRings
from chat.live.relayed import RelayedBell, open_bell
from chat.store.sqlite import SqliteStore, prepare
from chat.store.tables import metadata
from tests.patience import PATIENCE_S
from tests.services import Postgres, Redis


class Carrier(ABC):
    """A way for rings from one process to another, that can be cut and mended."""

    crosses = True

    @abstractmethod
    def open(self, name: str) -> Bell:
        """Make the bell of one process."""

    @abstractmethod
    def cut(self) -> None: ...

    @abstractmethod
    def mend(self) -> None: ...

    def close(self) -> None:  # noqa: B027  most have nothing of their own
        """Let go of what the bells do not close themselves."""


class OneProcess(Carrier):
    """No line at all: every listener is in the same process."""

    crosses = False

    def __init__(self) -> None:
        self._bell = LocalBell()

    def open(self, name: str) -> Bell:
        return self._bell

    def cut(self) -> None: ...

    def mend(self) -> None: ...


class OverServer(Carrier):
    def __init__(self, server: Postgres | Redis, database_url: str, redis_url: str | None) -> None:
        self._server = server
        self._urls = database_url, redis_url

    def open(self, name: str) -> Bell:
        bell = open_bell(*self._urls)
        bell.relay.health_s = 0.25  # so that no test waits long for a question, or for the end
        return bell

    def cut(self) -> None:
        self._server.kill()

    def mend(self) -> None:
        self._server.start()


class OverFile(Carrier):
    """One SQLite file, a store for each process; `cut` takes the disk away."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder}/rings.sqlite3"
        self._stores: list[SqliteStore] = []
        self._lost = False

    def open(self, name: str) -> Bell:
        bells: list[Bell] = []
        store = SqliteStore(
            prepare(create_engine(self._url)),
            lambda topics: bells[0].ring_here(topics) if topics else None,
            shared=True,
            ringer=lambda: name,
        )
        self._stores.append(store)
        if len(self._stores) == 1:
            store.write(lambda tx: metadata.create_all(tx.conn))
        bells.append(open_bell(self._url, None, _Disk(self, store)))
        return bells[0]

    @property
    def lost(self) -> bool:
        return self._lost

    def cut(self) -> None:
        self._lost = True

    def mend(self) -> None:
        self._lost = False

    def close(self) -> None:
        for store in self._stores:
            store.close()


class _Disk:
    shared = True

    def __init__(self, carrier: OverFile, store: SqliteStore) -> None:
        self._carrier = carrier
        self._store: ForeignRings = store

    def foreign_rings(self) -> set[str] | None:
        self._check()
        return self._store.foreign_rings()

    def ring_elsewhere(self, topics: list[str]) -> None:
        self._check()
        self._store.ring_elsewhere(topics)

    def _check(self) -> None:
        if self._carrier.lost:
            raise OSError("disk I/O error")


@contextmanager
def running(*bells: Bell) -> Iterator[None]:
    """Run the bells' rounds, as the engine does; wait until each hears the others."""
    rounds = [gevent.spawn(run) for bell in bells for _, run in bell.rounds]
    try:
        until(lambda: not any(bell.deaf for bell in bells))
        yield
    finally:
        for bell in bells:
            if isinstance(bell, RelayedBell):
                bell.close()
        gevent.joinall(rounds, timeout=PATIENCE_S)
        assert all(one.dead for one in rounds), "closing ends the rounds"


def until(condition, seconds: float = PATIENCE_S) -> None:
    """Wait until it holds."""
    with gevent.Timeout(seconds):
        while not condition():
            gevent.sleep(0.005)
