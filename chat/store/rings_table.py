"""The rings of many processes on one SQLite file: a row beside each commit, read after a foreign commit."""

import sqlite3
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Connection, delete, insert

from chat.store.tables import rings

KEPT = 2000  # rows: a process that lags further behind is told that it missed some
PRUNE_EACH = 500  # rows of ours; the newest row always stays, so no number is ever given twice
SINCE = "SELECT seq, ringer, topics FROM rings WHERE seq > ? ORDER BY seq"


class Glance:
    """A look, cheap enough for fifty a second, whether anybody committed; our own commits count as well.

    It waits for no lock and needs no thread: in WAL mode the version lies in shared memory.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path or ""
        self._connection: sqlite3.Connection | None = None

    def version(self) -> int | None:
        """Give a number that stays the same until somebody commits; None when that cannot be told now."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            self.close()
            return None  # the writing thread looks then, and says what is wrong
        return version

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class RingsTable:
    """What one process wrote and read there. All of it happens on the thread that writes."""

    def __init__(self, shared: bool, ringer: Callable[[], str]) -> None:
        self.shared = shared
        self._ringer = ringer
        self._written = 0
        self._looked = False
        self._version: int | None = None
        self._seq: int | None = None  # the newest row that we know; None: we never looked

    def write(self, connection: Connection, topics: Collection[str]) -> None:
        """Write what this transaction rings, for the others."""
        if not (self.shared and topics):
            return
        row = {"ringer": self._ringer(), "topics": "\n".join(map(_one_line, topics))}
        seq = connection.execute(insert(rings).returning(rings.c.seq), row).scalar_one()
        self._written += 1
        if self._written % PRUNE_EACH == 0:
            connection.execute(delete(rings).where(rings.c.seq <= seq - KEPT))

    def read(self, sqlite: Any) -> set[str] | None:
        """Name what others rang since the last time, outside of any transaction; None: that is unknown."""
        version = sqlite.execute("PRAGMA data_version").fetchone()[0]  # counts the commits of others only
        if version == self._version:
            return set()
        self._version = version
        if self.shared:
            return self._read_rows(sqlite)
        looked, self._looked = self._looked, True
        return None if looked else set()

    def reconnect(self) -> None:
        """Trust the version of the last connection no more: each counts for itself."""
        self._version = None

    def _read_rows(self, sqlite: Any) -> set[str] | None:
        if self._seq is None:
            self._seq = sqlite.execute("SELECT coalesce(max(seq), 0) FROM rings").fetchone()[0]
            return set()
        rows = sqlite.execute(SINCE, (self._seq,)).fetchall()
        if not rows:
            return set()
        missed = rows[0][0] != self._seq + 1
        self._seq = rows[-1][0]
        if missed:
            return None
        own = self._ringer()
        return {_topic(line) for _, ringer, topics in rows if ringer != own for line in topics.split("\n")}


def _one_line(topic: str) -> str:
    return topic.replace("%", "%25").replace("\n", "%0A")


def _topic(line: str) -> str:
    return line.replace("%0A", "\n").replace("%25", "%")
