"""Deleting with a way back: what is discarded is gone for all, until it is restored or erased for good."""

from sqlalchemy import Connection, and_, select, update

from chat.store.listing import ring_lists
from chat.store.previews import previews
from chat.store.tables import conversations
from chat.store.transaction import Transaction


def discard(tx: Transaction, conversation_id: str, now: float) -> bool:
    """Hide a conversation from everybody and cut off who reads along; False when it is not there."""
    return _mark(tx, conversation_id, discarded=False, discarded_at=now)


def restore(tx: Transaction, conversation_id: str) -> bool:
    """Bring a discarded conversation back as it was; False when it was erased, or never discarded."""
    return _mark(tx, conversation_id, discarded=True, discarded_at=None)


def owner_of_discarded(conn: Connection, conversation_id: str) -> str | None:
    """Say who discarded this conversation; None when nobody did, or it is too late."""
    here = and_(conversations.c.id == conversation_id, conversations.c.discarded_at.is_not(None))
    return conn.execute(select(conversations.c.owner_id).where(here)).scalar_one_or_none()


def title_of_discarded(conn: Connection, conversation_id: str, owner_id: str) -> str | None:
    """Give the title, or the first words, of what this person discarded; None when there is no such thing."""
    mine = and_(conversations.c.id == conversation_id, conversations.c.owner_id == owner_id)
    here = and_(mine, conversations.c.discarded_at.is_not(None))
    row = conn.execute(select(conversations.c.title).where(here)).one_or_none()
    if row is None:
        return None
    return row.title or previews(conn, [conversation_id]).get(conversation_id) or "New conversation"


def discarded_before(conn: Connection, moment: float, limit: int = 10) -> list[str]:
    """List conversations that were discarded before this moment, the oldest first."""
    long_ago = and_(conversations.c.discarded_at.is_not(None), conversations.c.discarded_at <= moment)
    query = select(conversations.c.id).where(long_ago).order_by(conversations.c.discarded_at)
    return list(conn.execute(query.limit(limit)).scalars())


def is_discarded_before(conn: Connection, conversation_id: str, moment: float) -> bool:
    """Say whether this conversation was discarded before this moment, and not brought back."""
    here = and_(conversations.c.id == conversation_id, conversations.c.discarded_at <= moment)
    return conn.execute(select(conversations.c.seq).where(here).with_for_update()).one_or_none() is not None


def _mark(tx: Transaction, conversation_id: str, *, discarded: bool, discarded_at: float | None) -> bool:
    is_so = conversations.c.discarded_at.is_not(None) if discarded else conversations.c.discarded_at.is_(None)
    here = and_(conversations.c.id == conversation_id, is_so)
    marked = update(conversations).where(here).values(discarded_at=discarded_at)
    owner_id = tx.conn.execute(marked.returning(conversations.c.owner_id)).scalar_one_or_none()
    if owner_id is None:
        return False
    ring_lists(tx, conversation_id, owner_id)
    tx.ring(f"conversation:{conversation_id}")
    tx.ring(f"access:{conversation_id}")
    return True
