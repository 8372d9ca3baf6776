"""The list at the side: what a person has pinned, what others share with them, their own, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from chat.store.message_rows import IS_LIVE
from chat.store.paging import check_limit, key_of, mark
from chat.store.previews import previews
from chat.store.tables import conversations, members, messages
from chat.store.transaction import Transaction

PINNED = 50  # at most, at the head of the list
SHARED = 20  # of others', the newest


@dataclass(frozen=True, slots=True)
class Item:
    """A conversation as a list shows it."""

    id: str
    title: str | None  # or its first words
    answering: bool
    pinned: bool
    shared: bool  # by somebody else


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a person's list; what is pinned and shared stands on the first alone."""

    pinned: Sequence[Item]
    shared: Sequence[Item]
    items: Sequence[Item]
    further: str | None  # the mark of the next page


def ring_lists(tx: Transaction, conversation_id: str, owner_id: str) -> None:
    """Tell all who have this conversation in their list, its owner and its members, that it changed there."""
    tx.ring(topic_of(owner_id))
    theirs = select(members.c.person_id).where(members.c.conversation_id == conversation_id)
    for person_id in tx.conn.execute(theirs).scalars():
        tx.ring(topic_of(person_id))


def topic_of(person_id: str) -> str:
    """Name the bell of what changes in a person's list."""
    return f"person:{person_id}"


def listed(conn: Connection, person_id: str, limit: int = 50, after: str | None = None) -> Listed:
    """Give a page of the list. Raises BadPage."""
    check_limit(limit)
    pinned = _pinned(conn, person_id) if after is None else []
    shared = _shared(conn, person_id) if after is None else []
    own = _own(conn, person_id, limit + 1, after)
    further = mark(own[limit - 1].updated_at, own[limit - 1].seq) if len(own) > limit else None
    rows = [*pinned, *shared, *own[:limit]]
    words = previews(conn, {row.id for row in rows if not row.title})
    live = answering(conn, [row.id for row in rows])

    def items(rows: Sequence[Row[Any]]) -> list[Item]:
        return [
            Item(
                row.id,
                row.title or words.get(row.id),
                row.id in live,
                row.pinned_at is not None and row.owner_id == person_id,
                row.owner_id != person_id,
            )
            for row in rows
        ]

    return Listed(items(pinned), items(shared), items(own[:limit]), further)


def answering(conn: Connection, conversation_ids: Sequence[str]) -> set[str]:
    """Say which of these conversations are being answered."""
    if not conversation_ids:
        return set()
    here = messages.c.conversation_id.in_(list(conversation_ids))
    return set(conn.execute(select(messages.c.conversation_id).where(here, IS_LIVE)).scalars())


COLUMNS = [conversations.c[name] for name in ("seq", "id", "owner_id", "title", "pinned_at", "updated_at")]
NEWEST_FIRST = (conversations.c.updated_at.desc(), conversations.c.seq.desc())
IS_SHOWN = conversations.c.discarded_at.is_(None)


def _own(conn: Connection, person_id: str, limit: int, after: str | None) -> list[Row[Any]]:
    mine = and_(conversations.c.owner_id == person_id, IS_SHOWN, conversations.c.pinned_at.is_(None))
    query = select(*COLUMNS).where(mine)
    if after is not None:
        updated_at, seq = key_of(after, float, int)
        same_instant = and_(conversations.c.updated_at == updated_at, conversations.c.seq < seq)
        # The first condition alone says where in the index to begin.
        query = query.where(conversations.c.updated_at <= updated_at)
        query = query.where(or_(conversations.c.updated_at < updated_at, same_instant))
    return list(conn.execute(query.order_by(*NEWEST_FIRST).limit(limit)))


def _pinned(conn: Connection, person_id: str) -> list[Row[Any]]:
    mine = and_(conversations.c.owner_id == person_id, IS_SHOWN, conversations.c.pinned_at.is_not(None))
    # Not by the bare column: SQLite would walk all that they own, newest first, and find the few in between.
    newest_first = ((conversations.c.updated_at + 0).desc(), conversations.c.seq.desc())
    return list(conn.execute(select(*COLUMNS).where(mine).order_by(*newest_first).limit(PINNED)))


def _shared(conn: Connection, person_id: str) -> list[Row[Any]]:
    theirs = select(*COLUMNS).join(members, members.c.conversation_id == conversations.c.id)
    mine = and_(members.c.person_id == person_id, IS_SHOWN)
    return list(conn.execute(theirs.where(mine).order_by(*NEWEST_FIRST).limit(SHARED)))
