"""Streams beside another: the same generation writes both under one lease, and they go where it goes."""

from sqlalchemy import insert, select

from chat.core.lifecycle import Status, is_streaming
from chat.store.census import UNFINISHED
from chat.store.moves import Moves
from chat.store.stored import state_of, stored_from
from chat.store.tables import streams
from chat.store.transaction import Transaction


class Beside(Moves):
    """What a generation writes beside its answer. It has one epoch: nobody goes on with it."""

    def open_beside(self, leader: str, epoch: int, stream_id: str) -> bool:
        """Add a stream beside `leader`, streaming at once; doing it twice is harmless.

        False, with nothing added, when that lease was lost, or when the chat column has no place for it.
        """

        def add(tx: Transaction) -> bool:
            self._hold(tx, leader)  # first: whoever takes the answer over finds this one, or we find out
            state = state_of(tx.conn, leader)
            if state is None or (state.epoch, state.owner) != (epoch, self._owner()):
                return False
            if not is_streaming(state.status):
                return False
            if state_of(tx.conn, stream_id) is not None:
                return True  # it was added, and only the answer that said so was lost
            replaced = self._on_beside(tx, leader, stream_id)
            if replaced is None:
                return False
            for old in replaced:
                self.delete(tx, old)
            row = {
                "id": stream_id, "status": Status.STREAMING, "epoch": 1, "bases": [], "text": "", "length": 0,
                "chunk_by": state.chunk_by, "beside": leader, "created_at": self._wall(),
                "claimed_at": self._wall(), **self._lease(),
            }  # fmt: skip
            tx.execute(insert(streams).values(row))
            self._lay_base(tx, stream_id, 0, ())
            return True

        return self.store.write(add)

    def _end_beside(self, tx: Transaction, leader: str) -> None:
        """End what is written beside a stream that changes hands, with what is stored of it."""
        live = select(streams.c.id).where(
            UNFINISHED, streams.c.status == Status.STREAMING, streams.c.beside == leader
        )
        for stream_id in tx.execute(live).scalars().all():
            self._hold(tx, stream_id)
            stored = stored_from(tx.conn, stream_id, 0, 0)
            if stored is not None:
                text, length = stored.data.decode(), len(stored.data)
                self._move(stream_id, {Status.STREAMING}, Status.STOPPED, tx, text=text, length=length)
