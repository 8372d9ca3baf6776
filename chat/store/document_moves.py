"""Documents change hands: with the conversation that they are of, with the person who added them."""

from sqlalchemy import update

from chat.store.document_tables import documents
from chat.store.transaction import Transaction

AT_ONCE = 0.0  # when what nobody brings back was discarded: it is erased with the next round


def let_go(tx: Transaction, conversation_id: str) -> None:
    """Have a conversation's documents erased soon: it is about to be deleted for good. One short write."""
    theirs = documents.c.conversation_id == conversation_id
    tx.execute(update(documents).where(theirs).values(conversation_id=None, discarded_at=AT_ONCE))


def move(tx: Transaction, leaving_id: str, into_id: str) -> None:
    """Give all that one person added to another."""
    mine = documents.c.owner_id == leaving_id
    if tx.execute(update(documents).where(mine).values(owner_id=into_id)).rowcount:
        tx.ring(topic_of_library(into_id))


def topic_of_library(owner_id: str) -> str:
    """Name the bell of what changes in somebody's library."""
    return f"documents:{owner_id}"


def topic_of_conversation(conversation_id: str) -> str:
    """Name the bell of what changes in a conversation's documents."""
    return f"documents-of:{conversation_id}"
