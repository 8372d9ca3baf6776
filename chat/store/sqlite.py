"""The SQLite store, and all that knows SQLite: pragmas, snapshots, group commit on one native thread."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import gevent
from gevent.event import AsyncResult, Event
from gevent.threadpool import ThreadPool
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from chat.store.apart import Apart
from chat.store.rings_table import Glance, RingsTable
from chat.store.transaction import Ring, Transaction

T = TypeVar("T")

# A reader never waits for a lock in C, for that would stop every greenlet; it asks again instead.
READ_ATTEMPTS = 20
READ_PAUSE_S = 0.01
# Another process may hold the write lock (a migration, a second server on the same file).
WRITE_WAIT_MS = 5000


def prepare(engine: Engine, *, busy_ms: int = 0, begin: str = "BEGIN") -> Engine:
    """Give each new connection our pragmas, and make `begin` open a transaction that SQLite knows of.

    Python's sqlite3 opens none before a SELECT, so that two reads in a row could see two states.
    """

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # what a viewer was shown with an id survives power loss
            "foreign_keys = ON",
            f"busy_timeout = {busy_ms}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class _Job:
    """One write that waits for its turn on the native thread."""

    __slots__ = ("error", "fn", "result", "value")

    def __init__(self, fn: Callable[[Transaction], Any]) -> None:
        self.fn = fn
        self.result: AsyncResult = AsyncResult()
        self.value: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.error is not None:
            self.result.set_exception(self.error)
        else:
            self.result.set(self.value)


class SqliteStore:
    """One file, one writing thread: writes that wait at the same time share one commit, and one fsync.

    `shared`: other processes write the same file, and what a commit rings is written with it, for them.
    `ringer` names this process.
    """

    def __init__(
        self, engine: Engine, ring: Ring, *, shared: bool = False, ringer: Callable[[], str] = lambda: ""
    ) -> None:
        self._readers = engine
        self._ring = ring
        self._rings = RingsTable(shared, ringer)
        self._glance = Glance(engine.url.database)
        self._seen: int | None = None  # the version at which we last looked who committed
        self._writers = _unpooled(engine, "BEGIN IMMEDIATE")
        self._apart = Apart(_unpooled(engine, "BEGIN"))
        self._connection: Connection | None = None  # made on the native thread, used only there
        self._thread = ThreadPool(1)
        self._waiting: list[_Job] = []
        self._wake = Event()
        self._committer: gevent.Greenlet | None = None
        self._closed = False

    def read(self, fn: Callable[[Connection], T]) -> T:
        for _ in range(READ_ATTEMPTS - 1):
            try:
                return self._read_once(fn)
            except OperationalError as error:
                if "locked" not in str(error.orig):
                    raise
                gevent.sleep(READ_PAUSE_S)
        return self._read_once(fn)

    def _read_once(self, fn: Callable[[Connection], T]) -> T:
        with self._readers.connect() as connection, connection.begin():
            return fn(connection)

    def read_apart(self, fn: Callable[[Connection], T]) -> T:
        return self._apart.read(fn)

    def write(self, fn: Callable[[Transaction], T]) -> T:
        if self._closed:
            raise RuntimeError("the store is closed")
        job = _Job(fn)
        self._waiting.append(job)
        self._wake.set()
        if self._committer is None:
            self._committer = gevent.spawn(self._commit_for_ever)
        value: T = job.result.get()
        return value

    @property
    def shared(self) -> bool:
        return self._rings.shared

    def foreign_rings(self) -> set[str] | None:
        """Name what other processes rang since the last call; None: somebody committed, topics unknown."""
        if self._closed:
            return set()
        version = self._glance.version()
        if version is not None and version == self._seen:
            return set()
        found: set[str] | None = self._thread.apply(self._look_around)
        self._seen = version
        return found

    def ring_elsewhere(self, topics: Sequence[str]) -> None:
        """Write rings for the other processes that no commit of ours carries."""
        if self._rings.shared:
            self.write(lambda tx: self._rings.write(tx.conn, topics))

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._committer is not None:
            self._wake.set()
            self._committer.join()
        self._glance.close()
        self._apart.close()
        self._thread.apply(self._disconnect)
        self._thread.kill()
        self._writers.dispose()

    def _commit_for_ever(self) -> None:
        """Commit what waits, until the store is closed; whatever goes wrong is told to those who wrote."""
        while self._waiting or not self._closed:
            self._wake.wait()
            self._wake.clear()
            jobs, self._waiting = self._waiting, []
            topics: set[str] = set()
            try:
                topics = self._thread.apply(self._commit, (jobs,))
            except Exception as error:  # noqa: BLE001  no native thread, say: nobody may wait for ever
                _fail(jobs, error)
            for job in jobs:
                job.settle()
            self._ring(topics)

    # ── on the native thread: no gevent, no logging, nothing of the hub's ────────────────────

    def _commit(self, jobs: list[_Job]) -> set[str]:
        """Run all jobs in one transaction, each in a savepoint of its own; say which bells to ring."""
        topics: set[str] = set()
        try:
            if self._connection is None:
                self._connection = self._writers.connect()
            with self._connection.begin():
                for job in jobs:
                    topics |= self._attempt(job, self._connection)
                self._rings.write(self._connection, topics)
        except Exception as error:  # noqa: BLE001  the thread's edge: nobody's write is kept, all are told
            _fail(jobs, error)
            self._disconnect()
            return set()
        return topics

    @staticmethod
    def _attempt(job: _Job, connection: Connection) -> set[str]:
        transaction = Transaction(connection)
        try:
            with connection.begin_nested():
                job.value = job.fn(transaction)
        except Exception as error:
            job.error = error
            if not _is_open(connection):
                raise  # a full disk makes SQLite undo all of it: of what the others wrote nothing is left
            return set()
        return transaction.topics

    def _look_around(self) -> set[str] | None:
        try:
            if self._connection is None:
                self._connection = self._writers.connect()
            return self._rings.read(self._connection.connection.dbapi_connection)
        except Exception:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._rings.reconnect()
        if connection is not None:
            connection.invalidate()
            connection.close()


def _unpooled(engine: Engine, begin: str) -> Engine:
    """Give an engine for a native thread, which may wait for a lock, and keeps its one connection itself."""
    return prepare(create_engine(engine.url, poolclass=NullPool), busy_ms=WRITE_WAIT_MS, begin=begin)


def _is_open(connection: Connection) -> bool:
    """Say whether SQLite itself still holds our transaction open."""
    sqlite: Any = connection.connection.dbapi_connection
    return bool(sqlite.in_transaction)


def _fail(jobs: list[_Job], error: Exception) -> None:
    for job in jobs:
        job.error = job.error or error
