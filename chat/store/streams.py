"""The store of streams: create, append, close, stop, read; each write fenced by the epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import insert, select, update

from chat.core.lifecycle import Status, sources_of
from chat.store.census import UNFINISHED
from chat.store.chunk_rows import insert_chunks
from chat.store.leases import Leases
from chat.store.moves import ENGINES, LOCK_ORDER
from chat.store.stored import Stored, StreamState, state_of, stored_from
from chat.store.tables import streams
from chat.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Batch:
    """Text to store for one stream: from byte `start`, on behalf of `epoch`."""

    stream_id: str
    epoch: int
    start: int
    text: str


class Streams(Leases):
    """All streams of one store. Calls that write return once their transaction is on disk."""

    # ── writes ───────────────────────────────────────────────────────────────────────────────

    def create(
        self,
        tx: Transaction,
        stream_id: str,
        *,
        chunk_by: str,
        created_by: str | None = None,
        request: dict[str, Any] | None = None,
    ) -> None:
        """Add a pending stream inside the caller's transaction."""
        row = {
            "id": stream_id, "status": Status.PENDING, "epoch": 0, "bases": [], "text": "", "length": 0,
            "chunk_by": chunk_by, "created_by": created_by, "request": request, "created_at": self._wall(),
        }  # fmt: skip
        tx.execute(insert(streams), row)

    def append(self, batches: Sequence[Batch], *, again: bool = False) -> set[str]:
        """Store all batches in one transaction; return the ids of lost leases (nothing kept).

        `again`: the last time may have been stored although it failed, for a commit can succeed and its
        answer be lost. What is there already is then left out.
        """

        def add(tx: Transaction) -> set[str]:
            ids = {batch.stream_id for batch in batches}
            held = {
                row.id: row.epoch
                for row in tx.execute(
                    select(streams.c.id, streams.c.epoch)
                    .where(streams.c.id.in_(ids), streams.c.status == Status.STREAMING)
                    .where(streams.c.owner.is_not(None))  # let go: what was on its way is in the whole text
                    .order_by(*LOCK_ORDER)
                    .with_for_update(key_share=True)
                )
            }
            ours = [batch for batch in batches if held.get(batch.stream_id) == batch.epoch]
            new = [_new_of(tx, batch) for batch in ours] if again else ours
            rows = [_chunk(batch) for batch in new if batch.text]
            if rows:
                insert_chunks(tx, rows)
            for batch in ours:
                tx.ring(f"stream:{batch.stream_id}")
            return ids - {batch.stream_id for batch in ours}

        return self.store.write(add)

    def close(
        self,
        stream_id: str,
        epoch: int,
        status: Status,
        *,
        text: str,
        usage: dict[str, Any] | None = None,
        error: dict[str, str] | None = None,
        finish_reason: str | None = None,
        timing: dict[str, int | None] | None = None,
    ) -> bool:
        """End this epoch with its whole `text`: compacted, and the message changed, in one transaction.

        Returns False, having changed nothing, when the lease was lost.
        """

        end = partial(
            self._move,
            stream_id,
            {Status.STREAMING},
            status,
            epoch=epoch,
            text=text,
            length=len(text.encode()),
            usage=usage,
            error=error,
            finish_reason=finish_reason,
            timing=timing,
        )
        return self.store.write(end)

    def stop_idle(self, stream_id: str) -> bool:
        """Stop a stream that nobody generates (pending or interrupted); False when somebody does."""
        idle = sources_of(Status.STOPPED) - {Status.STREAMING}
        return self.store.write(partial(self._move, stream_id, idle, Status.STOPPED))

    def request_stop(self, stream_id: str) -> None:
        """Leave word for the process that holds the lease; its bell is rung."""
        here = update(streams).where(streams.c.id == stream_id, streams.c.status == Status.STREAMING)

        def ask(tx: Transaction) -> None:
            tx.execute(here.values(stop_requested=1))
            tx.ring(ENGINES)

        self.store.write(ask)

    def give_up(self, stream_id: str) -> bool:
        """Interrupt a stream that is still pending: nobody will ever drive it."""
        return self.store.write(partial(self._move, stream_id, {Status.PENDING}, Status.INTERRUPTED))

    # ── reads ────────────────────────────────────────────────────────────────────────────────

    def state(self, stream_id: str) -> StreamState | None:
        """Look up one stream, without its text."""
        return self.store.read(lambda conn: state_of(conn, stream_id))

    def read(self, stream_id: str, offset: int = 0, last_seq: int = 0) -> Stored | None:
        """Read what is stored from byte `offset` on; None when there is no such stream."""
        return self.store.read(lambda conn: stored_from(conn, stream_id, offset, last_seq))

    def pending(self) -> list[str]:
        """List the streams that wait for somebody to drive them."""
        waiting = select(streams.c.id).where(UNFINISHED, streams.c.status == Status.PENDING)
        return list(self.store.read(lambda conn: conn.execute(waiting).scalars().all()))


def _new_of(tx: Transaction, batch: Batch) -> Batch:
    """Leave out what of this batch is stored already."""
    stored = stored_from(tx.conn, batch.stream_id, batch.start, 0)
    there = len(stored.data) if stored is not None else 0
    return replace(batch, start=batch.start + there, text=batch.text.encode()[there:].decode())


def _chunk(batch: Batch) -> dict[str, Any]:
    return {"stream_id": batch.stream_id, "start": batch.start, "text": batch.text}
