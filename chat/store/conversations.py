"""Conversations: whose they are, what they are called, and the revision that tells viewers of a change."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update
from sqlalchemy import delete as delete_from

from chat.store import document_moves, people, search
from chat.store.listing import ring_lists, topic_of
from chat.store.paging import check_limit, key_of, mark
from chat.store.people import Person
from chat.store.streams import Streams
from chat.store.tables import conversations, deletions, invitations, members, messages, shares
from chat.store.transaction import Transaction

CHANGEABLE = frozenset({"title", "system", "model", "temperature", "library"})


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation's own fields; its messages are in `chat.store.messages`."""

    id: str
    owner_id: str
    title: str | None
    system: str | None
    model: str | None
    temperature: float | None
    library: bool  # whether its owner's questions here draw on the owner's library
    pinned_at: float | None
    demo: bool
    revision: int
    changed_at_revision: int
    created_at: float
    updated_at: float


class ConversationGone(LookupError):
    """The conversation was deleted before this change could be made."""


def create(
    tx: Transaction,
    *,
    owner: Person,
    title: str | None = None,
    system: str | None = None,
    model: str | None = None,
    temperature: float | None = None,
    library: bool = True,
    now: float,
    demo: bool = False,
    id: str | None = None,
) -> Conversation:
    """Start an empty conversation; the owner is stored with it if this is the first thing they write.

    `id`: one that no other conversation has; IntegrityError is raised when one has it.
    """
    people.ensure(tx, owner, now)
    made = Conversation(
        id=id or secrets.token_hex(12),
        owner_id=owner.id,
        title=title,
        system=system,
        model=model,
        temperature=temperature,
        library=library,
        pinned_at=None,
        demo=demo,
        revision=1,
        changed_at_revision=1,
        created_at=now,
        updated_at=now,
    )
    tx.execute(
        insert(conversations).values(
            id=made.id,
            owner_id=owner.id,
            title=title,
            system=system,
            model=model,
            temperature=temperature,
            library=int(library),
            demo=int(demo),
            revision=made.revision,
            changed_at_revision=made.revision,
            created_at=now,
            updated_at=now,
        )
    )
    tx.ring(f"conversation:{made.id}")
    tx.ring(topic_of(owner.id))
    return made


def get(conn: Connection, conversation_id: str) -> Conversation | None:
    """Find one by id, whoever asks: who may see it is the web floor's to decide."""
    here = and_(conversations.c.id == conversation_id, conversations.c.discarded_at.is_(None))
    row = conn.execute(select(conversations).where(here)).one_or_none()
    return from_row(row) if row else None


def page(
    conn: Connection, owner_id: str, limit: int = 50, after: str | None = None
) -> tuple[list[Conversation], str | None]:
    """List a person's conversations, newest first, and the mark of the next page. Raises BadPage."""
    check_limit(limit)
    mine = and_(conversations.c.owner_id == owner_id, conversations.c.discarded_at.is_(None))
    query = select(conversations).where(mine)
    if after is not None:
        updated_at, seq = key_of(after, float, int)
        same_instant = and_(conversations.c.updated_at == updated_at, conversations.c.seq < seq)
        # The first condition alone says where in the index to begin.
        query = query.where(conversations.c.updated_at <= updated_at)
        query = query.where(or_(conversations.c.updated_at < updated_at, same_instant))
    newest_first = query.order_by(conversations.c.updated_at.desc(), conversations.c.seq.desc())
    rows = conn.execute(newest_first.limit(limit + 1)).all()
    items = [from_row(row) for row in rows[:limit]]
    more = len(rows) > limit
    return items, mark(rows[limit - 1].updated_at, rows[limit - 1].seq) if more else None


def demo_of(conn: Connection, person_id: str) -> Conversation | None:
    """Find the person's demo conversation; None when they have none yet."""
    mine = and_(conversations.c.owner_id == person_id, conversations.c.discarded_at.is_(None))
    query = select(conversations).where(mine, conversations.c.demo == 1)
    row = conn.execute(query.order_by(conversations.c.seq).limit(1)).one_or_none()
    return from_row(row) if row else None


def change(tx: Transaction, conversation_id: str, fields: Mapping[str, Any]) -> Conversation:
    """Set title, system, model, temperature or library; others are a KeyError. Raises ConversationGone."""
    if unknown := fields.keys() - CHANGEABLE:
        raise KeyError(*unknown)
    if fields:
        values = {name: int(value) if name == "library" else value for name, value in fields.items()}
        bump(tx, conversation_id, changed_at_revision=conversations.c.revision + 1, **values)
    found = get(tx.conn, conversation_id)
    if found is None:
        raise ConversationGone(conversation_id)
    return found


def pin(tx: Transaction, conversation_id: str, pinned_at: float | None) -> Conversation:
    """Put a conversation at the head of its owner's list, or (None) back. Raises ConversationGone."""
    bump(tx, conversation_id, changed_at_revision=conversations.c.revision + 1, pinned_at=pinned_at)
    found = get(tx.conn, conversation_id)
    if found is None:
        raise ConversationGone(conversation_id)
    return found


def name(tx: Transaction, conversation_id: str, title: str) -> bool:
    """Give a conversation that has no title yet this one; False when it has, or is gone."""
    untitled = and_(conversations.c.title.is_(None), conversations.c.discarded_at.is_(None))
    row = and_(conversations.c.id == conversation_id, untitled)
    if tx.conn.execute(select(conversations.c.seq).where(row).with_for_update()).one_or_none() is None:
        return False
    bump(tx, conversation_id, changed_at_revision=conversations.c.revision + 1, title=title)
    return True


def delete(tx: Transaction, streams: Streams, conversation_id: str) -> bool:
    """Delete a conversation, its messages, their streams and its link; False when it was not there.

    A stream that is still written loses its row here and its writer finds that out by its fence;
    whoever can should have stopped it first.
    """
    here = select(conversations.c.owner_id).where(conversations.c.id == conversation_id)
    owner_id = tx.conn.execute(here.with_for_update()).scalar_one_or_none()
    if owner_id is None:
        return False
    ring_lists(tx, conversation_id, owner_id)
    search.forget_conversation(tx, conversation_id)
    document_moves.let_go(tx, conversation_id)
    for texts in (messages.c.stream_id, messages.c.reasoning_stream_id):
        theirs = select(texts).where(messages.c.conversation_id == conversation_id)
        streams.delete_all(tx, theirs)  # first: who is told of it still finds the message
    for table in (messages, deletions, shares, members, invitations):
        tx.execute(delete_from(table).where(table.c.conversation_id == conversation_id))
    tx.execute(delete_from(conversations).where(conversations.c.id == conversation_id))
    tx.ring(f"conversation:{conversation_id}")
    tx.ring(f"access:{conversation_id}")
    return True


def hold(tx: Transaction, conversation_id: str) -> bool:
    """Keep other writers out of this conversation until the commit; False when it does not exist."""
    here = and_(conversations.c.id == conversation_id, conversations.c.discarded_at.is_(None))
    query = select(conversations.c.seq).where(here)
    # SQLite has one writer anyway, and its dialect leaves FOR UPDATE away.
    return tx.conn.execute(query.with_for_update()).one_or_none() is not None


def hold_of_answer(tx: Transaction, stream_id: str) -> None:
    """Hold the conversation whose answer this stream is, if it is one, before the stream itself is locked.

    Everybody locks in one order, so that nobody waits crosswise: the conversation, its streams, then people.
    """
    its = select(messages.c.conversation_id).where(messages.c.stream_id == stream_id).scalar_subquery()
    tx.execute(select(conversations.c.seq).where(conversations.c.id == its).with_for_update(key_share=True))


def bump(tx: Transaction, conversation_id: str, **values: Any) -> int:
    """Count one visible change, set `values` with it, wake viewers and lists; give the new revision.

    The row's lock is held until the commit, so revisions appear in their order. Raises ConversationGone.
    """
    row = conversations.c.id == conversation_id
    counted = update(conversations).where(row).values(revision=conversations.c.revision + 1, **values)
    returned = counted.returning(conversations.c.revision, conversations.c.owner_id)
    changed = tx.conn.execute(returned).one_or_none()
    if changed is None:
        raise ConversationGone(conversation_id)
    tx.ring(f"conversation:{conversation_id}")
    ring_lists(tx, conversation_id, changed.owner_id)
    return int(changed.revision)


def from_row(row: Row[Any]) -> Conversation:
    """Give the conversation of a whole row of its table."""
    return Conversation(
        id=row.id,
        owner_id=row.owner_id,
        title=row.title,
        system=row.system,
        model=row.model,
        temperature=row.temperature,
        library=bool(row.library),
        pinned_at=row.pinned_at,
        demo=bool(row.demo),
        revision=row.revision,
        changed_at_revision=row.changed_at_revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
