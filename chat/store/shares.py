"""Share links: one live read-only link per conversation, kept as a hash only, for ever or for a while."""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from chat.store import conversations
from chat.store.tables import shares
from chat.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Link:
    """A live link, without its token; `expires_at` None: until somebody takes it back."""

    conversation_id: str
    created_at: float
    expires_at: float | None


def create(tx: Transaction, conversation_id: str, now: float, expires_at: float | None = None) -> str:
    """Make the conversation's link and give its token, which is never seen again.

    The link before it stops working with this commit. Raises ConversationGone.
    """
    if not conversations.hold(tx, conversation_id):
        raise conversations.ConversationGone(conversation_id)
    token = secrets.token_urlsafe(24)
    revoke(tx, conversation_id)
    row = {
        "conversation_id": conversation_id, "token_hash": token_hash(token),
        "created_at": now, "expires_at": expires_at,
    }  # fmt: skip
    tx.execute(insert(shares).values(row))
    return token


def revoke(tx: Transaction, conversation_id: str) -> bool:
    """Take the link back and wake its readers to notice; False when there was none."""
    gone = tx.conn.execute(delete(shares).where(shares.c.conversation_id == conversation_id))
    tx.ring(f"access:{conversation_id}")
    return gone.rowcount > 0


def opened_by(conn: Connection, token: str, now: float) -> Link | None:
    """Find which conversation a token opens now; None for every other string. Never raises."""
    return _live(conn, shares.c.token_hash == token_hash(token), now)


def link_of(conn: Connection, conversation_id: str, now: float) -> Link | None:
    """Find the link that the conversation has now."""
    return _live(conn, shares.c.conversation_id == conversation_id, now)


def token_hash(token: str) -> str:
    """Give what is kept of a token."""
    # Lone surrogates can arrive in a path or a JSON frame: such a token simply opens nothing.
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


def _live(conn: Connection, where: ColumnElement[bool], now: float) -> Link | None:
    columns = (shares.c.conversation_id, shares.c.created_at, shares.c.expires_at)
    row = conn.execute(select(*columns).where(where)).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return Link(row.conversation_id, row.created_at, row.expires_at)
