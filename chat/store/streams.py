"""The store of streams: claim, append, close, reap; each write fenced by the epoch."""

from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from chat.core.lifecycle import MOVES, Status, sources_of
from chat.store.stored import Stored, StreamState, state_of, stored_from
from chat.store.tables import chunks, streams
from chat.store.transaction import Store, Transaction


class AnotherIsLive(Exception):
    """A claim lost to another live answer at the same place (the chat column's rule)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Text to store for one stream: from byte `start`, on behalf of `epoch`."""

    stream_id: str
    epoch: int
    start: int
    text: str


OnChange = Callable[[Transaction, StreamState], None]


class Streams:
    """All streams of one store. Calls that write return once their transaction is on disk."""

    def __init__(
        self,
        store: Store,
        *,
        owner: Callable[[], str],
        lease_s: float,
        wall: Callable[[], float],
        lease_clock: Callable[[], float],
        on_change: OnChange = lambda tx, state: None,
    ) -> None:
        self.store = store
        self._owner = owner
        self._lease_s = lease_s
        self._wall = wall
        self._lease_clock = lease_clock
        self._on_change = on_change

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

    def claim(
        self, stream_id: str, sources: Collection[Status], epoch: int | None = None
    ) -> StreamState | None:
        """Take the stream for this process, atomically; None when it is not in one of `sources` any more.

        `epoch` is the one at which the caller read the text: a stream that was continued since is not taken.
        Raises AnotherIsLive when the chat column's rule forbids a second live answer.
        """
        allowed = sources_of(Status.STREAMING) & frozenset(sources)
        as_read = true() if epoch is None else streams.c.epoch == epoch

        def take(tx: Transaction) -> StreamState | None:
            won = tx.execute(
                update(streams)
                .where(streams.c.id == stream_id, streams.c.status.in_(allowed), as_read)
                .values(
                    status=Status.STREAMING,
                    epoch=streams.c.epoch + 1,
                    owner=self._owner(),
                    lease_until=self._lease_clock() + self._lease_s,
                    stop_requested=0,
                    error=None,
                    claimed_at=self._wall(),
                )
            )
            if won.rowcount == 0:
                return None
            return self._lay_base(tx, stream_id)

        try:
            return self.store.write(take)
        except IntegrityError as error:
            raise AnotherIsLive(stream_id) from error

    def append(self, batches: Sequence[Batch]) -> set[str]:
        """Store all batches in one transaction; return the ids of lost leases (nothing kept)."""

        def add(tx: Transaction) -> set[str]:
            ids = {batch.stream_id for batch in batches}
            held = {
                row.id: row.epoch
                for row in tx.execute(
                    select(streams.c.id, streams.c.epoch)
                    .where(streams.c.id.in_(ids), streams.c.status == Status.STREAMING)
                    .with_for_update(read=True)
                )
            }
            kept = [batch for batch in batches if held.get(batch.stream_id) == batch.epoch]
            if kept:
                tx.execute(insert(chunks), [_chunk(batch) for batch in kept])
            for batch in kept:
                tx.ring(f"stream:{batch.stream_id}")
            return ids - {batch.stream_id for batch in kept}

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
        )
        return self.store.write(end)

    def stop_idle(self, stream_id: str) -> bool:
        """Stop a stream that nobody generates (pending or interrupted); False when somebody does."""
        idle = sources_of(Status.STOPPED) - {Status.STREAMING}
        return self.store.write(partial(self._move, stream_id, idle, Status.STOPPED))

    def request_stop(self, stream_id: str) -> None:
        """Leave word for the process that holds the lease; it is read with the next renewal."""
        mark = update(streams).where(streams.c.id == stream_id, streams.c.status == Status.STREAMING)
        self.store.write(lambda tx: tx.execute(mark.values(stop_requested=1)).rowcount)

    def renew(self, held: dict[str, int]) -> tuple[set[str], set[str]]:
        """Lengthen our leases (`held`: epoch by id); say which were lost, and which are asked to stop."""

        def lengthen(tx: Transaction) -> tuple[set[str], set[str]]:
            # Only what is held: a stream whose end could not be stored is ours by name, and nobody's in fact.
            mine = (
                (streams.c.owner == self._owner())
                & (streams.c.status == Status.STREAMING)
                & streams.c.id.in_(held)
            )
            tx.execute(update(streams).where(mine).values(lease_until=self._lease_clock() + self._lease_s))
            columns = (streams.c.id, streams.c.epoch, streams.c.stop_requested)
            rows = tx.execute(select(*columns).where(mine)).all()
            ours = {row.id for row in rows if held.get(row.id) == row.epoch}
            return set(held) - ours, {row.id for row in rows if row.stop_requested and row.id in ours}

        return self.store.write(lengthen)

    def reap(self, is_dead: Callable[[str], bool], alive: Container[str] = ()) -> list[str]:
        """Interrupt what a dead owner left, or whose lease ran out; keep its text. Returns the ids.

        Spares the ids in `alive`, if they are ours: after a stalled disk or a sleeping machine the owner is
        to renew what it still writes, not to lose it to its own reaper.
        """
        now, me, is_dead = self._lease_clock(), self._owner(), cache(is_dead)
        orphans = [
            row
            for row in self.store.read(_claimed)
            if not (row.owner == me and row.id in alive)
            and (row.lease_until is None or row.lease_until < now or is_dead(row.owner or ""))
        ]
        return [row.id for row in orphans if self.store.write(partial(self._orphan, row))]

    def give_up_pending(self, older_than_s: float) -> None:
        """Interrupt what is pending since longer than that: nobody will ever drive it."""
        for stream_id in self.pending(older_than_s):
            self.store.write(partial(self._move, stream_id, {Status.PENDING}, Status.INTERRUPTED))

    def delete(self, tx: Transaction, stream_id: str) -> None:
        """Remove a stream and its text inside the caller's transaction. Its readers are rung."""
        tx.execute(delete(chunks).where(chunks.c.stream_id == stream_id))
        tx.execute(delete(streams).where(streams.c.id == stream_id))
        tx.ring(f"stream:{stream_id}")

    # ── reads ────────────────────────────────────────────────────────────────────────────────

    def state(self, stream_id: str) -> StreamState | None:
        """Look up one stream, without its text."""
        return self.store.read(lambda conn: state_of(conn, stream_id))

    def read(self, stream_id: str, offset: int = 0, last_seq: int = 0) -> Stored | None:
        """Read what is stored from byte `offset` on; None when there is no such stream."""
        return self.store.read(lambda conn: stored_from(conn, stream_id, offset, last_seq))

    def pending(self, older_than_s: float) -> list[str]:
        """List streams that have waited longer than that for somebody to drive them."""
        waiting = select(streams.c.id).where(
            streams.c.status == Status.PENDING, streams.c.created_at < self._wall() - older_than_s
        )
        return list(self.store.read(lambda conn: conn.execute(waiting).scalars().all()))

    # ── inside a transaction ─────────────────────────────────────────────────────────────────

    def _lay_base(self, tx: Transaction, stream_id: str) -> StreamState:
        """Note where the new epoch begins, and lay down an empty chunk: all that follow have a higher seq."""
        row = tx.execute(select(streams.c.length, streams.c.bases).where(streams.c.id == stream_id)).one()
        laid = insert(chunks).values(stream_id=stream_id, start=row.length, text="").returning(chunks.c.seq)
        first_seq = tx.execute(laid).scalar_one()
        tx.execute(
            update(streams)
            .where(streams.c.id == stream_id)
            .values(bases=[*row.bases, row.length], first_seq=first_seq)
        )
        return self._announce(tx, stream_id)

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

    def _orphan(self, row: Row[Any], tx: Transaction) -> bool:
        """Interrupt (or stop, where that was asked) one stream of a dead owner, at the epoch we saw."""
        stored = stored_from(tx.conn, row.id, 0, 0)
        if stored is None:
            return False
        after = Status.STOPPED if row.stop_requested else Status.INTERRUPTED
        text = stored.data.decode()
        return self._move(
            row.id, {Status.STREAMING}, after, tx, epoch=row.epoch, text=text, length=len(stored.data)
        )

    def _announce(self, tx: Transaction, stream_id: str) -> StreamState:
        state = state_of(tx.conn, stream_id)
        assert state is not None, "announced inside the transaction that changed it"
        tx.ring(f"stream:{stream_id}")
        self._on_change(tx, state)
        return state


def _claimed(conn: Connection) -> Sequence[Row[Any]]:
    fields = ("id", "epoch", "owner", "lease_until", "stop_requested")
    columns = [streams.c[name] for name in fields]
    return conn.execute(select(*columns).where(streams.c.status == Status.STREAMING)).all()


def _chunk(batch: Batch) -> dict[str, Any]:
    return {"stream_id": batch.stream_id, "start": batch.start, "text": batch.text}
