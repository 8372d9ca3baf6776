"""Share links: one live read-only link per conversation, kept as a hash only."""

import secrets
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from chat.store import conversations
from chat.store.tables import shares
from chat.store.transaction import Transaction


def create(tx: Transaction, conversation_id: str, now: float) -> str:
    """Make the conversation's link and give its token, which is never seen again.

    The link before it stops working with this commit. Raises ConversationGone.
    """
    if not conversations.hold(tx, conversation_id):
        raise conversations.ConversationGone(conversation_id)
    token = secrets.token_urlsafe(24)
    revoke(tx, conversation_id)
    row = {"conversation_id": conversation_id, "token_hash": _hash(token), "created_at": now}
    tx.execute(insert(shares).values(row))
    return token


def revoke(tx: Transaction, conversation_id: str) -> bool:
    """Take the link back and wake its readers to notice; False when there was none."""
    gone = tx.conn.execute(delete(shares).where(shares.c.conversation_id == conversation_id))
    tx.ring(f"access:{conversation_id}")
    return gone.rowcount > 0


def conversation_of(conn: Connection, token: str) -> str | None:
    """Find which conversation a token opens; None for every other string. Never raises."""
    query = select(shares.c.conversation_id).where(shares.c.token_hash == _hash(token))
    return conn.execute(query).scalar_one_or_none()


def exists(conn: Connection, conversation_id: str) -> bool:
    """Say whether the conversation has a link now."""
    query = select(shares.c.conversation_id).where(shares.c.conversation_id == conversation_id)
    return conn.execute(query).scalar_one_or_none() is not None


def _hash(token: str) -> str:
    # Lone surrogates can arrive in a path or a JSON frame: such a token simply opens nothing.
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
