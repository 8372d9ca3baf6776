"""The reasoning of an answer: a stream of its own beside that of the text, and whose it is."""

from sqlalchemy import select, update

from chat.store import conversations
from chat.store.streams import Streams
from chat.store.tables import messages
from chat.store.transaction import Transaction


def take(tx: Transaction, answer: str, reasoning: str) -> list[str] | None:
    """Note that the stream `reasoning` is what was thought before the stream `answer`.

    Gives the streams whose place it takes, to be deleted; None when no message has that answer.
    """
    mine = messages.c.stream_id == answer
    columns = (messages.c.conversation_id, messages.c.reasoning_stream_id)
    row = tx.execute(select(*columns).where(mine)).one_or_none()
    if row is None:
        return None
    revision = conversations.bump(tx, row.conversation_id)
    tx.execute(update(messages).where(mine).values(reasoning_stream_id=reasoning, revision=revision))
    return [row.reasoning_stream_id] if row.reasoning_stream_id else []


def remove(tx: Transaction, streams: Streams, stream_id: str) -> bool:
    """Remove what was thought, and leave the answer; False when the stream is nobody's reasoning."""
    mine = messages.c.reasoning_stream_id == stream_id
    conversation_id = tx.execute(select(messages.c.conversation_id).where(mine)).scalar_one_or_none()
    if conversation_id is None:
        return False
    revision = conversations.bump(tx, conversation_id)
    tx.execute(update(messages).where(mine).values(reasoning_stream_id=None, revision=revision))
    streams.delete(tx, stream_id)
    return True
