"""The one door to the database: short snapshots to read, whole transactions to write, bells by commit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Executable

T = TypeVar("T")
Ring = Callable[[set[str]], None]


class Transaction:
    """What a write is done with: a connection, and the bells that its commit will ring."""

    __slots__ = ("conn", "topics")

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.topics: set[str] = set()

    def execute(
        self, statement: Executable, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement inside this transaction."""
        return self.conn.execute(statement, rows)

    def ring(self, topic: str) -> None:
        """Ring `topic` once this is committed; never before, and not at all when it is rolled back."""
        self.topics.add(topic)


class Store(Protocol):
    """What every database behind Headwater offers."""

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on one consistent snapshot, over a connection that is given back at once."""
        ...

    def read_apart(self, fn: Callable[[Connection], T]) -> T:
        """Do as `read` does, for what takes many milliseconds: the hub goes on meanwhile.

        `fn` may run on another native thread: it touches nothing but its connection and plain values.
        """
        ...

    def write(self, fn: Callable[[Transaction], T]) -> T:
        """Run `fn` in a transaction and return what it returned, once that is on disk.

        `fn` may run on another native thread: it touches nothing but its transaction and plain values.
        What it raises is raised here, and nothing of it is kept.
        """
        ...

    def close(self) -> None:
        """Finish what waits and let go of the connections. Doing it twice is harmless."""
        ...
