"""Erasing documents that were deleted, bit by bit: a long one is no long write."""

from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, or_, select, update

from chat.core.documents.status import DocumentStatus
from chat.store import passage_index, passages
from chat.store.document_moves import AT_ONCE
from chat.store.document_tables import documents, originals, vectors
from chat.store.reading_queue import ON_ITS_WAY
from chat.store.transaction import Transaction

PASSAGES = 24  # that one write takes away at most, with their words
PIECES = 4  # of an original: 1 MiB


def due(conn: Connection, discarded: float, stale: float, limit: int = 10) -> list[str]:
    """List documents that were discarded before one moment, or began to arrive before another and stopped."""
    both = (documents.c.discarded_at <= discarded, and_(ON_ITS_WAY, _stopped(stale)))  # an index for each
    found = (conn.execute(select(documents.c.id).where(one).limit(limit)).scalars() for one in both)
    return list(dict.fromkeys(chain.from_iterable(found)))


def erase_some(tx: Transaction, document_id: str, discarded: float, stale: float) -> bool:
    """Erase a part of such a document; False when it was the last, or somebody brought it back."""
    is_due = or_(documents.c.discarded_at <= discarded, _stopped(stale))
    this = and_(documents.c.id == document_id, is_due)
    if tx.execute(select(documents.c.seq).where(this).with_for_update()).one_or_none() is None:
        return False
    # Nobody may go on with one that only stopped arriving: its pieces go now.
    tx.execute(update(documents).where(documents.c.id == document_id).values(discarded_at=AT_ONCE))
    if passage_index.merge_some(tx.conn) or passages.take_away(tx, document_id, PASSAGES):
        return True
    if _take_away(tx, vectors, document_id, PIECES) or _take_away(tx, originals, document_id, PIECES):
        return True
    tx.execute(delete(documents).where(documents.c.id == document_id))
    return False


def _take_away(tx: Transaction, table: Table, document_id: str, most: int) -> int:
    """Delete some rows of a document, the last ones first; say how many there were."""
    rest: list[Any] = [column for column in table.primary_key if column.name != "document_id"]
    mine = table.c.document_id == document_id
    rows = tx.execute(select(*rest).where(mine).order_by(*(c.desc() for c in rest)).limit(most)).all()
    for row in rows:
        this = and_(mine, *(column == value for column, value in zip(rest, row, strict=True)))
        tx.execute(delete(table).where(this))
    return len(rows)


def _stopped(stale: float) -> ColumnElement[bool]:
    return and_(documents.c.status == DocumentStatus.ARRIVING, documents.c.updated_at <= stale)
