"""Long reads of SQLite, one after another on a native thread of their own, while the hub goes on.

SQLite reckons inside this process: what takes it many milliseconds would hold up everybody's lines.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from gevent.threadpool import ThreadPool
from sqlalchemy import Connection, Engine

T = TypeVar("T")


class Apart:
    """One such thread. `engine`: keeps no connections, and prepares each."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None  # made on the native thread, used only there
        self._thread = ThreadPool(1)
        self._closed = False

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on one snapshot, there; what it raises is raised here."""
        if self._closed:
            raise RuntimeError("the store is closed")
        found: list[T] = []
        error: Exception | None = self._thread.apply(self._attempt, (fn, found))
        if error is not None:
            raise error
        return found[0]

    def close(self) -> None:
        """Finish what waits. Doing it twice is harmless."""
        if not self._closed:
            self._closed = True
            self._thread.apply(self._disconnect)
            self._thread.kill()
            self._engine.dispose()

    # ── on the native thread: no gevent, no logging, nothing of the hub's ────────────────────

    def _attempt(self, fn: Callable[[Connection], Any], found: list[Any]) -> Exception | None:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                found.append(fn(self._connection))
        except Exception as error:  # noqa: BLE001  the thread's edge: who asked is told
            self._disconnect()
            return error
        return None

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
