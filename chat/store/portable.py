"""A conversation as a document that any server can take: read out piece by piece, and written in whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, select, update

from chat.core.lifecycle import Status, is_live
from chat.store import conversations, search
from chat.store.conversations import Conversation
from chat.store.copies import Turn, write_tree
from chat.store.message_rows import Message, fetch
from chat.store.people import Person
from chat.store.tables import conversations as conversations_table
from chat.store.tables import messages
from chat.store.transaction import Store, Transaction

PIECE = 200  # messages that are read at once: a long conversation is not held in memory


@dataclass(frozen=True, slots=True)
class Heading:
    """A conversation's own fields, as they travel."""

    title: str | None
    system: str | None
    model: str | None
    temperature: float | None
    created_at: float


def pieces(store: Store, conversation_id: str) -> Iterator[Sequence[Message]]:
    """Give all messages of all branches, in the order in which they came, so many at a time."""
    after = 0
    while True:
        found = store.read(partial(_piece, conversation_id=conversation_id, after=after))
        if found:
            yield found
        if len(found) < PIECE:
            return
        after = found[-1].seq


def status_at_rest(message: Message) -> Status:
    """Give the status with which a message can travel: what is being written stops where it is."""
    return Status.INTERRUPTED if is_live(message.status) else Status(message.status)


def write(
    tx: Transaction,
    *,
    owner: Person,
    heading: Heading,
    turns: Sequence[Turn],
    parents: Sequence[int | None],
    now: float,
) -> Conversation:
    """Write a whole conversation; `parents` says of each turn which one of those before it goes before it.

    It stands where a new one would, and its words can be searched soon after.
    """
    made = conversations.create(
        tx,
        owner=owner,
        title=heading.title,
        system=heading.system,
        model=heading.model,
        temperature=heading.temperature,
        now=now,
    )
    begun = update(conversations_table).where(conversations_table.c.id == made.id)
    tx.execute(begun.values(created_at=heading.created_at))
    write_tree(tx, made, turns, parents)
    search.index_later(tx, [made.id])
    found = conversations.get(tx.conn, made.id)
    assert found is not None, "read inside the transaction that wrote it"
    return found


def _piece(conn: Connection, conversation_id: str, after: int) -> list[Message]:
    mine: Any = (messages.c.conversation_id == conversation_id) & (messages.c.seq > after)
    return fetch(conn, select(messages).where(mine).order_by(messages.c.seq).limit(PIECE))
