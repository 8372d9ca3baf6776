"""What a list shows of a conversation that has no title: the first words of its first question."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, func, select

from chat.store.tables import conversations, messages

PREVIEW = 120  # characters of the first question that stand in for a missing title


def previews(conn: Connection, conversation_ids: Collection[str]) -> dict[str, str]:
    """Give the first words of each conversation's first question; none for one that has none."""
    asked = and_(messages.c.conversation_id == conversations.c.id, messages.c.role == "user")
    words = select(func.substr(messages.c.text, 1, PREVIEW)).where(asked).order_by(messages.c.seq).limit(1)
    query = select(conversations.c.id, words.scalar_subquery().label("words"))
    rows = conn.execute(query.where(conversations.c.id.in_(list(conversation_ids))))
    return {row.id: " ".join(row.words.split()) for row in rows if row.words is not None}
