"""The PostgreSQL store, and all that knows PostgreSQL: sessions, snapshots, writes in place."""

import random
import socket
import time
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import gevent
import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Float, cast, event, func
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chat.core.log import StoreAway
from chat.lines import Line, cut_after
from chat.store.transaction import Ring, Transaction
from chat.store.turns import Crowded, Turns

log = structlog.get_logger()

T = TypeVar("T")

TURN_S = 3.0  # for a connection; who waits longer is told to come back
HANG_S = 12.0  # for a whole transaction; longer than the server itself lets any statement run
AWAY_PAUSE_S = 0.2  # after a connect that failed, nobody else tries: 400 viewers would queue for nothing
ATTEMPTS = 6  # of one write
REPEATED = frozenset({"40P01", "40001"})  # deadlock_detected, serialization_failure: nothing was kept
READ_ONLY = "25006"  # read_only_sql_transaction: since a failover this line leads to a standby

# What every session bears. A process that is paused in the middle of a transaction may hold a row's lock no
# longer than its lease (6 s); whoever waits for such a lock leaves its connection to others sooner.
SESSION = {
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "3s",
    "statement_timeout": "10s",
    "timezone": "UTC",
}
# A server that vanished without a word (a failover, a cut cable) is noticed in about ten seconds.
LINE = {
    "connect_timeout": 4,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "headwater",
}


def engine_options(connections: int) -> dict[str, Any]:
    """Give what `create_engine` takes for a pool of so many. A broken connection is met by a second try."""
    return {
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": TURN_S,
        "pool_reset_on_return": "rollback",
        "connect_args": LINE,
    }


def prepare(engine: Engine) -> Engine:
    """Give each new session our limits, and look its host's name up without holding up other greenlets.

    A session that cannot write any more counts as broken.
    """

    @event.listens_for(engine, "do_connect")
    def _on_dial(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters |= _addresses(parameters)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # Not as `options` of the connection: the address may have its own, and poolers refuse them.
        set_all = ", ".join("set_config(%s, %s, false)" for _ in SESSION)
        connection.autocommit = True
        connection.execute(f"SELECT {set_all}", [part for pair in SESSION.items() for part in pair])
        connection.autocommit = False

    @event.listens_for(engine, "handle_error")
    def _on_error(context: Any) -> None:
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True  # connect anew: perhaps to the one that writes

    return engine


def lease_clock() -> ColumnElement[float]:
    """Give the lease clock as SQL: the server's own, the same for all machines; the moment it is read."""
    return cast(func.extract("epoch", func.clock_timestamp()), Float)


class PostgresStore:
    """One pool. Each write is a transaction in the greenlet that wants it: psycopg waits without blocking.

    Reads and writes take turns for connections of their own kind, so that however many read, texts are
    stored; within a kind, who came first goes first.
    """

    def __init__(self, engine: Engine, ring: Ring, clock: Callable[[], float] = time.monotonic) -> None:
        self._writers = engine
        self._readers = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._ring = ring
        self._clock = clock
        connections = engine.pool.size() if hasattr(engine.pool, "size") else 2
        self._writing = Turns(max(1, connections // 2))
        self._reading = Turns(max(1, connections - connections // 2))
        self._away_until = float("-inf")
        self._away = False
        self._closed = False

    def read(self, fn: Callable[[Connection], T]) -> T:
        return self._repeated(lambda _unsure: self._look(fn))

    def read_apart(self, fn: Callable[[Connection], T]) -> T:
        return self.read(fn)  # what takes long takes it on the server

    def write(self, fn: Callable[[Transaction], T]) -> T:
        if self._closed:
            raise RuntimeError("the store is closed")
        return self._repeated(lambda unsure: self._commit(fn, unsure))

    def close(self) -> None:
        self._closed = True
        self._writers.dispose()

    # ── one attempt ──────────────────────────────────────────────────────────────────────────

    def _look(self, fn: Callable[[Connection], T]) -> T:
        with (
            self._reading.one(TURN_S),
            self._connect(self._readers) as connection,
            cut_after(HANG_S, _line_of(connection)),
            connection.begin(),
        ):
            return fn(connection)

    def _commit(self, fn: Callable[[Transaction], T], unsure: list[bool]) -> T:
        topics: set[str] = set()
        try:
            with (
                self._writing.one(TURN_S),
                self._connect(self._writers) as connection,
                cut_after(HANG_S, _line_of(connection)),
                connection.begin(),
            ):
                transaction = Transaction(connection)
                value = fn(transaction)
                topics = transaction.topics
                unsure.append(True)  # from here on a broken line does not say whether it was committed
        finally:
            self._ring(topics)  # when that is not known, too: a ring too many does no harm
        return value

    def _connect(self, engine: Engine) -> Connection:
        if self._clock() < self._away_until:
            raise StoreAway("the database was away a moment ago")
        try:
            connection = engine.connect()
        except (DBAPIError, PoolTimeout) as error:
            self._away_until = self._clock() + AWAY_PAUSE_S
            if not self._away:
                self._away = True
                log.error("the database cannot be reached", error=_plain(error))
            raise
        if self._away:
            self._away = False
            log.warning("the database is back")
        return connection

    # ── attempts ─────────────────────────────────────────────────────────────────────────────

    def _repeated(self, attempt: Callable[[list[bool]], T]) -> T:
        """Try again what may be: a deadlock, a race, a line that broke before anything was asked for.

        Raises StoreAway when the database cannot be had, and whatever else the attempt raises.
        """
        for left in reversed(range(ATTEMPTS)):
            unsure: list[bool] = []
            try:
                return attempt(unsure)
            except (Crowded, PoolTimeout) as error:
                raise StoreAway(str(error)) from error
            except DBAPIError as error:
                lost = error.connection_invalidated  # with it went all that the pool held from before
                if left and (_sqlstate(error) in REPEATED or (lost and not unsure)):
                    gevent.sleep(0 if lost else random.uniform(0.005, 0.05))
                    continue
                if lost or isinstance(error, OperationalError | InterfaceError):
                    raise StoreAway(_plain(error)) from error
                raise
        raise AssertionError("the last attempt returns or raises")


def _line_of(connection: Connection) -> Line:
    """Give psycopg's own connection."""
    return typing.cast(Line, connection.connection.dbapi_connection)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _plain(error: Exception) -> str:
    """Say what went wrong in one line, without statement and values."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def _addresses(parameters: dict[str, Any]) -> dict[str, Any]:
    """Look up the host here, where others go on meanwhile; libpq would hold up the whole process."""
    host = parameters.get("host")
    if not host or "/" in host or "," in host or parameters.get("hostaddr"):
        return {}
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return {}  # libpq says it in words that people know
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    return {"host": ",".join([host] * len(addresses)), "hostaddr": ",".join(addresses)}
