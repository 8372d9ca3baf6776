"""Documents: added piece by piece, renamed, discarded; their originals, and whom each change is told."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from chat.core.documents.status import DocumentStatus
from chat.store import conversations as conversations_room
from chat.store import people
from chat.store.conversations import ConversationGone
from chat.store.document_moves import AT_ONCE, topic_of_conversation, topic_of_library
from chat.store.document_rights import DISCARDED, HERE
from chat.store.document_tables import documents, originals
from chat.store.paging import check_limit, key_of, mark
from chat.store.passage_index import shelf_of
from chat.store.people import Person
from chat.store.transaction import Store, Transaction

PIECE_BYTES = 256 << 10  # of an original, in one row: no write is a long one
READERS = "documents"  # the bell of whoever reads: something waits


@dataclass(frozen=True, slots=True)
class Document:
    """What was added, and how far it is read; its text is in `chat.store.passages`."""

    seq: int
    id: str
    owner_id: str  # who added it
    conversation_id: str | None  # None: of its owner's library
    name: str
    kind: str
    size: int  # of the original, in bytes
    status: str  # a DocumentStatus
    error: dict[str, Any] | None  # {code, message}, of one that failed
    progress: int  # percent of the reading
    pages: int | None
    passages: int
    embedded: int  # passages that have a vector
    language: str | None
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """How much one person may have added, their conversations' documents included; 0: any."""

    documents: int = 0
    bytes: int = 0


class TooManyDocuments(Exception):
    """This person has as many documents as they may have."""


class TooMuch(Exception):
    """With this one, a person's documents would be larger than they may be."""


class DocumentGone(LookupError):
    """The document was deleted before this could be done; or it is past this."""


# ── adding ───────────────────────────────────────────────────────────────────────────────────


def begin(
    tx: Transaction,
    *,
    owner: Person,
    conversation_id: str | None,
    name: str,
    kind: str,
    size: int,
    now: float,
    limits: Allowed,
) -> Document:
    """Make room for a document; its pieces come next. The owner is stored with it, if they are new.

    Whether they may add to this conversation is asked before. Raises TooManyDocuments, TooMuch,
    ConversationGone.
    """
    if conversation_id is not None and not conversations_room.hold(tx, conversation_id):
        raise ConversationGone(conversation_id)
    people.ensure(tx, owner, now)
    people.hold(tx, owner.id)  # who adds two at once is counted twice
    _check_room(tx, owner.id, size, limits)
    row = {
        "id": secrets.token_hex(12), "owner_id": owner.id, "conversation_id": conversation_id, "name": name,
        "kind": kind, "size": size, "status": DocumentStatus.ARRIVING,
        "shelf": shelf_of(owner.id, conversation_id), "created_at": now, "updated_at": now,
    }  # fmt: skip
    made = tx.execute(insert(documents).values(row).returning(documents)).one()
    ring(tx, made)
    return from_row(made)


def _check_room(tx: Transaction, owner_id: str, size: int, limits: Allowed) -> None:
    """See that there is room for one more of this size; what may still come back may not, if it takes that.

    What is deleted counts for nothing, unless it is as much again: until it is erased it lies on the disk.
    """
    count, held = usage(tx.conn, owner_id)
    if limits.documents and count >= limits.documents:
        raise TooManyDocuments(limits.documents)
    if not limits.bytes:
        return
    theirs = documents.c.owner_id == owner_id
    deleted = _sum(tx.conn, and_(theirs, documents.c.discarded_at.is_not(None)))
    if held + size > limits.bytes or held + size + deleted > 2 * limits.bytes:
        raise TooMuch(limits.bytes)
    restorable = and_(theirs, documents.c.discarded_at > AT_ONCE)
    if held + size + _sum(tx.conn, restorable) > limits.bytes:
        tx.execute(update(documents).where(restorable).values(discarded_at=AT_ONCE))


def _sum(conn: Connection, where: ColumnElement[bool]) -> int:
    return int(conn.execute(select(func.coalesce(func.sum(documents.c.size), 0)).where(where)).scalar_one())


def put_piece(tx: Transaction, document_id: str, number: int, data: bytes, now: float) -> None:
    """Store the next piece of the original; numbers count from 1, and all but the last have PIECE_BYTES.

    Raises DocumentGone.
    """
    arriving = _is(document_id, DocumentStatus.ARRIVING)
    if tx.execute(update(documents).where(arriving).values(updated_at=now)).rowcount == 0:
        raise DocumentGone(document_id)
    tx.execute(insert(originals).values(document_id=document_id, number=number, data=data))


def arrived(tx: Transaction, document_id: str, now: float) -> Document:
    """Have the document read: its original is whole. Raises DocumentGone."""
    found = change(
        tx, _is(document_id, DocumentStatus.ARRIVING), status=DocumentStatus.WAITING, updated_at=now
    )
    if found is None:
        raise DocumentGone(document_id)
    tx.ring(READERS)
    return found


def abandon(tx: Transaction, document_id: str) -> None:
    """Let go of one whose original will never be whole. Doing it twice is harmless."""
    change(tx, _is(document_id, DocumentStatus.ARRIVING), discarded_at=AT_ONCE)


# ── looking ──────────────────────────────────────────────────────────────────────────────────


def get(conn: Connection, document_id: str, allowed: ColumnElement[bool] = HERE) -> Document | None:
    """Find one by id that is not deleted; `allowed`: one of `document_rights`, for whoever asks."""
    row = conn.execute(select(documents).where(documents.c.id == document_id, HERE, allowed)).one_or_none()
    return from_row(row) if row else None


def page_of(
    conn: Connection,
    *,
    owner_id: str | None = None,
    conversation_id: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> tuple[list[Document], str | None]:
    """List somebody's library, or a conversation's documents, the newest first; and the next page's mark.

    One of the two is given; that the asker may read it is asked before. Raises BadPage.
    """
    check_limit(limit)
    if conversation_id is not None:
        which = documents.c.conversation_id == conversation_id
    else:
        which = and_(documents.c.owner_id == owner_id, documents.c.conversation_id.is_(None))
    query = select(documents).where(which, HERE)
    if after is not None:
        query = query.where(documents.c.seq < int(key_of(after, int)[0]))
    rows = conn.execute(query.order_by(documents.c.seq.desc()).limit(limit + 1)).all()
    items = [from_row(row) for row in rows[:limit]]
    return items, mark(rows[limit - 1].seq) if len(rows) > limit else None


def usage(conn: Connection, owner_id: str) -> tuple[int, int]:
    """Say how many documents somebody has added, and their bytes."""
    counted = select(func.count(), func.coalesce(func.sum(documents.c.size), 0))
    row = conn.execute(counted.where(documents.c.owner_id == owner_id, HERE)).one()
    return int(row[0]), int(row[1])


def pieces_of(store: Store, document_id: str) -> Iterator[bytes]:
    """Give the original piece by piece, each by a short read of its own.

    Raises DocumentGone when it was erased, or is not whole; perhaps after some pieces.
    """
    size = store.read(lambda conn: _size(conn, document_id))
    given, number = 0, 1
    while size is None or given < size:
        data = store.read(lambda conn, at=number: _piece(conn, document_id, at))  # type: ignore[misc]
        if size is None or data is None:
            raise DocumentGone(document_id)
        yield data
        given, number = given + len(data), number + 1


def _size(conn: Connection, document_id: str) -> int | None:
    return conn.execute(select(documents.c.size).where(documents.c.id == document_id)).scalar_one_or_none()


def _piece(conn: Connection, document_id: str, number: int) -> bytes | None:
    here = and_(originals.c.document_id == document_id, originals.c.number == number)
    return conn.execute(select(originals.c.data).where(here)).scalar_one_or_none()


# ── changing ─────────────────────────────────────────────────────────────────────────────────


def rename(tx: Transaction, document_id: str, name: str, now: float) -> Document:
    """Call it otherwise; answers that cite it keep the name it had then. Raises DocumentGone."""
    found = change(tx, _is(document_id), name=name, updated_at=now)
    if found is None:
        raise DocumentGone(document_id)
    return found


def discard(tx: Transaction, document_id: str, now: float) -> bool:
    """Hide it from everybody at once; it is erased when nobody brings it back. False: it is not there."""
    return change(tx, _is(document_id), discarded_at=now) is not None


def delete(tx: Transaction, document_id: str) -> bool:
    """Hide it from everybody at once, for good. False: it is not there, or discarded already."""
    return change(tx, _is(document_id), discarded_at=AT_ONCE) is not None


def restore(tx: Transaction, document_id: str, allowed: ColumnElement[bool] = DISCARDED) -> Document | None:
    """Bring a discarded one back as it was; None when it was erased, or never discarded.

    `allowed`: `document_rights.restorable`, for whoever asks.
    """
    found = change(tx, and_(documents.c.id == document_id, allowed), discarded_at=None)
    if found is not None:
        tx.ring(READERS)  # perhaps it was not read yet
    return found


def change(tx: Transaction, where: ColumnElement[bool], **values: Any) -> Document | None:
    """Change the one document of this condition and tell who looks at it; None when there is none."""
    row = tx.execute(update(documents).where(where).values(values).returning(documents)).one_or_none()
    if row is None:
        return None
    ring(tx, row)
    return from_row(row)


def discarded(
    conn: Connection, document_id: str, allowed: ColumnElement[bool] = DISCARDED
) -> Document | None:
    """Find one that was discarded and may still be brought back; `allowed`: as `restore` has it."""
    row = conn.execute(select(documents).where(documents.c.id == document_id, allowed)).one_or_none()
    return from_row(row) if row else None


# ── small words ──────────────────────────────────────────────────────────────────────────────


def ring(tx: Transaction, row: Row[Any] | Document) -> None:
    """Tell who looks at the library, or the conversation, of this document."""
    if row.conversation_id is None:
        tx.ring(topic_of_library(row.owner_id))
    else:
        tx.ring(topic_of_conversation(row.conversation_id))


def from_row(row: Row[Any]) -> Document:
    """Give the document of a whole row of its table."""
    return Document(**{name: row._mapping[name] for name in Document.__slots__})


def _is(document_id: str, status: DocumentStatus | None = None) -> ColumnElement[bool]:
    this = and_(documents.c.id == document_id, HERE)
    return this if status is None else and_(this, documents.c.status == status)
