"""Leases on streams: taken with a claim, renewed, lost, handed over; a new epoch fences the old one out."""

from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, delete, literal, select, true, update
from sqlalchemy.exc import IntegrityError

from chat.core.lifecycle import Status, sources_of
from chat.store.beside import Beside
from chat.store.census import UNFINISHED
from chat.store.moves import ENGINES, LOCK_ORDER
from chat.store.stored import StreamState, stored_from
from chat.store.tables import chunks, streams
from chat.store.transaction import Transaction

Tail = tuple[int, bytes]  # text that was written, where it begins: what a shared tape knew beyond the store


class AnotherIsLive(Exception):
    """A claim lost to another live answer at the same place (the chat column's rule)."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A stream that is being written by nobody: its process died, left, or gave no sign for too long."""

    id: str
    epoch: int
    stop_requested: bool
    continuations: int  # how often it went on by itself already
    beside: str | None = None  # whose generation wrote it: nobody goes on with it alone


class Leases(Beside):
    """Who may write a stream, and until when."""

    def claim(
        self, stream_id: str, sources: Collection[Status], epoch: int | None = None
    ) -> StreamState | None:
        """Take the stream for this process, atomically; None when it is not in one of `sources` any more.

        `epoch` is the one at which the caller read the text: a stream that was continued since is not taken.
        Raises AnotherIsLive when the chat column's rule forbids a second live answer.
        """
        allowed = sources_of(Status.STREAMING) & frozenset(sources)
        as_read = true() if epoch is None else streams.c.epoch == epoch
        this = (streams.c.id == stream_id) & streams.c.status.in_(allowed) & as_read

        def take(tx: Transaction) -> StreamState | None:
            if tx.execute(select(streams.c.id).where(this)).one_or_none() is None:
                return None  # of many who start at once, whoever is late stands in no queue for a lock
            self._before_change(tx, stream_id)
            won = tx.execute(
                update(streams)
                .where(this)
                .values(
                    status=Status.STREAMING,
                    epoch=streams.c.epoch + 1,
                    stop_requested=0,
                    continuations=0,
                    error=None,
                    claimed_at=self._wall(),
                    **self._lease(),
                )
                .returning(streams.c.length, streams.c.bases)
            ).one_or_none()
            if won is None:
                return None
            self._lay_base(tx, stream_id, won.length, won.bases)
            return self._announce(tx, stream_id)

        try:
            return self.store.write(take)
        except IntegrityError as error:
            raise AnotherIsLive(stream_id) from error

    def renew(self, held: dict[str, int]) -> tuple[set[str], set[str]]:
        """Lengthen our leases (`held`: epoch by id); say which were lost, and which are asked to stop."""

        def lengthen(tx: Transaction) -> tuple[set[str], set[str]]:
            # Only what is held: a stream whose end could not be stored is ours by name, and nobody's in fact.
            lease = self._lease()
            mine = (
                (streams.c.owner == lease["owner"])
                & (streams.c.status == Status.STREAMING)
                & streams.c.id.in_(held)
            )
            columns = (streams.c.id, streams.c.epoch, streams.c.stop_requested)
            found = select(*columns).where(mine).order_by(*LOCK_ORDER)
            rows = tx.execute(found.with_for_update(key_share=True)).all()
            tx.execute(update(streams).where(mine).values(lease_until=lease["lease_until"]))
            ours = {row.id for row in rows if held.get(row.id) == row.epoch}
            return set(held) - ours, {row.id for row in rows if row.stop_requested and row.id in ours}

        return self.store.write(lengthen)

    def orphans(
        self, is_dead: Callable[[str], bool], alive: Container[str] = (), *, expired: bool = True
    ) -> list[Orphan]:
        """List what a dead owner left, or one that let go; and, with `expired`, whose lease ran out.

        Spares the ids in `alive`, if they are ours: after a stalled disk or a sleeping machine the owner is
        to renew what it still writes, not to lose it to its own reaper.
        """
        me, is_dead = self._owner(), cache(is_dead)

        def is_left(row: Any) -> bool:
            if row.owner is None or row.lease_until is None:
                return True
            if row.owner == me and (row.beside or row.id) in alive:
                return False
            return (expired and row.lease_until < row.now) or is_dead(row.owner)

        claimed = self.store.read(partial(_claimed, now=self._lease_clock()))
        return [
            Orphan(row.id, row.epoch, bool(row.stop_requested), row.continuations, row.beside)
            for row in claimed
            if is_left(row)
        ]

    def take_over(self, orphan: Orphan, tail: Tail = (0, b"")) -> tuple[StreamState, str] | None:
        """Take an orphan for this process in one step, with all its text; None when somebody was faster.

        Its readers see no end, only a new epoch. `tail` may reach beyond the stored text.
        """

        def take(tx: Transaction) -> tuple[StreamState, str] | None:
            text = self._settle(tx, orphan, tail)
            if text is None:
                return None
            taken = tx.execute(
                update(streams)
                .where(streams.c.id == orphan.id)
                .values(
                    epoch=orphan.epoch + 1,
                    continuations=orphan.continuations + 1,
                    claimed_at=self._wall(),
                    **self._lease(),
                )
                .returning(streams.c.length, streams.c.bases)
            ).one()
            self._lay_base(tx, orphan.id, taken.length, taken.bases)
            tx.ring(f"stream:{orphan.id}")
            return self._present(tx, orphan.id), text

        return self.store.write(take)

    def interrupt(self, orphan: Orphan, tail: Tail = (0, b"")) -> bool:
        """End an orphan as interrupted, with all its text; False if it moved.

        It is stopped where that was asked, and where it stood beside another: nobody can continue it.
        `tail` may reach beyond the stored text.
        """

        def end(tx: Transaction) -> bool:
            if self._settle(tx, orphan, tail) is None:
                return False
            asked = self._present(tx, orphan.id).stop_requested  # perhaps only since it was found
            after = Status.STOPPED if asked or orphan.beside else Status.INTERRUPTED
            return self._move(orphan.id, {Status.STREAMING}, after, tx, epoch=orphan.epoch)

        return self.store.write(end)

    def release(self, stream_id: str, epoch: int, *, text: str) -> bool:
        """Let go of a stream with its whole `text`, for another process to go on; False: it was not ours."""
        whole = {"text": text, "length": len(text.encode()), "owner": None, "lease_until": None}
        ours = (streams.c.id == stream_id) & (streams.c.epoch == epoch)

        def let_go(tx: Transaction) -> bool:
            mine = ours & (streams.c.status == Status.STREAMING)
            self._before_change(tx, stream_id)
            if tx.execute(update(streams).where(mine).values(whole)).rowcount == 0:
                return False
            tx.execute(delete(chunks).where(chunks.c.stream_id == stream_id))
            self._end_beside(tx, stream_id)
            tx.ring(f"stream:{stream_id}")
            tx.ring(ENGINES)
            return True

        return self.store.write(let_go)

    def _settle(self, tx: Transaction, orphan: Orphan, tail: Tail) -> str | None:
        """Compact an orphan's text, `tail` included; None when it is not as we saw it any more."""
        self._hold(tx, orphan.id)  # first: a batch on its way comes before this, or finds its fence
        stored = stored_from(tx.conn, orphan.id, 0, 0)
        if stored is None or (stored.state.status, stored.state.epoch) != (Status.STREAMING, orphan.epoch):
            return None
        start, written = tail
        beyond = written[len(stored.data) - start :] if start <= len(stored.data) else b""
        data = stored.data + beyond
        text = data.decode()
        compacted = {"text": text, "length": len(data)}
        tx.execute(update(streams).where(streams.c.id == orphan.id).values(compacted))
        tx.execute(delete(chunks).where(chunks.c.stream_id == orphan.id))
        self._end_beside(tx, orphan.id)
        return text


def _claimed(conn: Connection, now: Any) -> Sequence[Any]:
    fields = ("id", "epoch", "owner", "lease_until", "stop_requested", "continuations", "beside")
    columns = [streams.c[name] for name in fields]
    present = (literal(now) if isinstance(now, float | int) else now).label("now")
    return conn.execute(
        select(*columns, present).where(UNFINISHED, streams.c.status == Status.STREAMING)
    ).all()
