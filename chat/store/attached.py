"""What is attached to a conversation: given whole where it is short, or from its beginning."""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, select

from chat.store.document_tables import documents, passages
from chat.store.passages import Found, columns, from_row

MOST_WHOLE = 100  # passages that are read, to see whether all of them fit
FIRST = 3  # passages of a document that are its beginning


def whole(
    conn: Connection,
    allowed: ColumnElement[bool],
    conversation_id: str,
    fits: Callable[[Sequence[Found]], bool],
) -> list[Found]:
    """Give all that is attached to this conversation, document by document, where it fits; else nothing.

    `allowed`: which documents may be drawn on (see `document_rights`).
    """
    here = and_(documents.c.conversation_id == conversation_id, allowed)
    size = conn.execute(select(func.sum(documents.c.passages)).where(here)).scalar()
    if not size or size > MOST_WHOLE:
        return []
    found = _list(conn, here, documents.c.seq, passages.c.number)
    return found if fits(found) else []


def beginnings(
    conn: Connection, allowed: ColumnElement[bool], conversation_id: str, most: int
) -> list[Found]:
    """Give how the documents begin that are attached to this conversation, the newest first."""
    here = and_(documents.c.conversation_id == conversation_id, allowed, passages.c.number <= FIRST)
    return _list(conn, here, documents.c.seq.desc(), passages.c.number)[:most]


def _list(conn: Connection, where: ColumnElement[bool], *order: ColumnElement[int]) -> list[Found]:
    joined = documents.join(passages, passages.c.document_id == documents.c.id)
    rows = conn.execute(select(*columns()).select_from(joined).where(where).order_by(*order))
    return [from_row(row) for row in rows]
