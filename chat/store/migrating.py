"""Bringing a database's tables up to date, one process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.pool import NullPool

from chat.store import postgres, sqlite

LOCK_WAIT_MS = 30_000  # a server may be at work on the same file
QUEUE_S = 120  # for who migrates before us on PostgreSQL
TABLE_WAIT_S = 15  # for a table that running servers use: who waits for it holds up all who come later
ADVISORY_LOCK = 0x48656164_77617465  # "Headwate": any number that nobody else takes


@contextmanager
def alone(sqlite_file: Path) -> Iterator[None]:
    """Hold the lock beside the file, waiting for it: of six that start at once, one migrates."""
    with sqlite_file.with_name(f"{sqlite_file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def alone_on_server(url: str) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock likewise, over a connection of its own that has no transaction open."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=postgres.LINE)
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{QUEUE_S}s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        yield  # the lock goes with the connection, however this ends


def engine_to_migrate(url: URL | str) -> Engine:
    """Make an engine under which tables can be moved, and nothing waits for ever."""
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_engine(url, poolclass=NullPool, connect_args=postgres.LINE)

        @event.listens_for(engine, "begin")
        def _on_begin(connection: Any) -> None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{TABLE_WAIT_S}s'")

        return engine
    engine = create_engine(url, poolclass=NullPool)
    sqlite.prepare(engine, busy_ms=LOCK_WAIT_MS, begin="BEGIN IMMEDIATE")

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # After ours, and outside of any transaction: moving a table is not to delete what refers to it.
        connection.execute("PRAGMA foreign_keys = OFF")

    return engine
