"""Bringing a database's tables up to date, one process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from chat.store.sqlite import prepare

LOCK_WAIT_MS = 30_000  # a server may be at work on the same file


@contextmanager
def alone(sqlite_file: Path) -> Iterator[None]:
    """Hold the lock beside the file, waiting for it: of six that start at once, one migrates."""
    with sqlite_file.with_name(f"{sqlite_file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def engine_to_migrate(url: URL) -> Engine:
    """Make an engine under which moving a table does not delete the rows that refer to it."""
    engine = create_engine(url, poolclass=NullPool)
    prepare(engine, busy_ms=LOCK_WAIT_MS, begin="BEGIN IMMEDIATE")

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA foreign_keys = OFF")  # after ours, and outside of any transaction

    return engine
