"""How a stream moves from one status to the next, inside a transaction; leases and streams build on it."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from chat.core.lifecycle import FINAL, MOVES, Status, is_streaming
from chat.store.stored import StreamState, state_of
from chat.store.tables import chunks, streams
from chat.store.transaction import Store, Transaction

ENGINES = "engines"  # the bell of whoever generates: something is to be stopped, or to be taken over

# In which whoever changes several streams locks them: an answer before the thought beside it.
LOCK_ORDER = (streams.c.beside.is_not(None), streams.c.id)

BeforeChange = Callable[[Transaction, str], None]
OnChange = Callable[[Transaction, StreamState], None]
OnBeside = Callable[[Transaction, str, str], list[str] | None]  # see store.reasoning.take


class Moves:
    """What all writes of streams share: who we are, our clocks, and the hooks of the chat column.

    `lease_clock` gives seconds, as a number or as an SQL expression where the database's clock counts.
    `before_change` is given a stream's id before its row is locked: what is locked with it comes first.
    """

    def __init__(
        self,
        store: Store,
        *,
        owner: Callable[[], str],
        lease_s: float,
        wall: Callable[[], float],
        lease_clock: Callable[[], Any],
        before_change: BeforeChange = lambda tx, stream_id: None,
        on_change: OnChange = lambda tx, state: None,
        on_beside: OnBeside = lambda tx, leader, stream_id: [],
        before_delete: OnChange = lambda tx, state: None,
    ) -> None:
        self.store = store
        self._owner = owner
        self._lease_s = lease_s
        self._wall = wall
        self._lease_clock = lease_clock
        self._before_change = before_change
        self._on_change = on_change
        self._on_beside = on_beside
        self._before_delete = before_delete

    def delete(self, tx: Transaction, stream_id: str) -> None:
        """Remove a stream and its text inside the caller's transaction; readers and writer are rung."""
        self._hold(tx, stream_id)  # first: a batch on its way is committed before its chunks are looked for
        state = state_of(tx.conn, stream_id)
        if state is not None:
            self._before_delete(tx, state)
            if is_streaming(state.status):
                tx.ring(ENGINES)
        tx.execute(delete(chunks).where(chunks.c.stream_id == stream_id))
        tx.execute(delete(streams).where(streams.c.id == stream_id))
        tx.ring(f"stream:{stream_id}")

    def delete_all(self, tx: Transaction, ids: Select[tuple[str | None]]) -> None:
        """Remove whatever streams `ids` selects, inside the caller's transaction.

        Those that have ended go in one statement: nobody writes them, they have no chunks and were paid for.
        A long conversation has thousands, and whoever else writes waits meanwhile.
        """
        theirs = streams.c.id.in_(ids)
        going_on = select(streams.c.id).where(theirs, streams.c.status.not_in(FINAL))
        for stream_id in tx.execute(going_on.order_by(*LOCK_ORDER)).scalars().all():
            self.delete(tx, stream_id)
        tx.execute(delete(streams).where(theirs))

    def _hold(self, tx: Transaction, stream_id: str) -> None:
        """Keep everybody else's writes out of this stream until the commit: what is read now stays true.

        SQLite has one writer anyway, and its dialect leaves FOR UPDATE away.
        """
        self._before_change(tx, stream_id)
        tx.execute(select(streams.c.id).where(streams.c.id == stream_id).with_for_update())

    def _lease(self) -> dict[str, Any]:
        return {"owner": self._owner(), "lease_until": self._lease_clock() + self._lease_s}

    def _lay_base(self, tx: Transaction, stream_id: str, length: int, bases: Sequence[int]) -> None:
        """Note where the new epoch begins, and lay down an empty chunk: all that follow have a higher seq."""
        laid = insert(chunks).values(stream_id=stream_id, start=length, text="").returning(chunks.c.seq)
        begins = {"bases": [*bases, length], "first_seq": tx.execute(laid).scalar_one()}
        tx.execute(update(streams).where(streams.c.id == stream_id).values(begins))

    def _move(
        self,
        stream_id: str,
        before: Collection[Status],
        after: Status,
        tx: Transaction,
        *,
        epoch: int | None = None,
        **values: Any,
    ) -> bool:
        allowed = [status for status in before if after in MOVES[status]]
        where = (streams.c.id == stream_id) & streams.c.status.in_(allowed)
        if epoch is not None:
            where &= streams.c.epoch == epoch
        self._before_change(tx, stream_id)
        moved = tx.execute(
            update(streams)
            .where(where)
            .values(status=after, owner=None, lease_until=None, ended_at=self._wall(), **values)
        )
        if moved.rowcount == 0:
            return False
        tx.execute(delete(chunks).where(chunks.c.stream_id == stream_id))
        self._announce(tx, stream_id)
        return True

    def _announce(self, tx: Transaction, stream_id: str) -> StreamState:
        state = self._present(tx, stream_id)
        tx.ring(f"stream:{stream_id}")
        self._on_change(tx, state)
        return state

    def _present(self, tx: Transaction, stream_id: str) -> StreamState:
        state = state_of(tx.conn, stream_id)
        assert state is not None, "read inside the transaction that changed it"
        return state
