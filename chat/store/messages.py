"""Messages: the tree of questions and answers in a conversation, read as a line, asked, and removed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update
from sqlalchemy import delete as delete_from

from chat.core.lifecycle import is_final, is_live
from chat.store import citations, conversations, search
from chat.store.asking import (
    BEGINNING,
    AnswerInProgress,
    Asked,
    ClientIdReused,
    StaleParent,
    UnknownAnswer,
    UnknownParent,
    ask,
    regenerate,
)
from chat.store.branches import leaf_of
from chat.store.conversations import Conversation
from chat.store.message_rows import (
    Message,
    fetch,
    fetch_one,
    is_newest,
    line_to,
    live_stream,
    seq_of_message,
)
from chat.store.paging import BadPage, check_limit, key_of, mark
from chat.store.stored import StreamState
from chat.store.streams import Streams
from chat.store.tables import deletions, messages
from chat.store.transaction import Transaction

# This room is the door to its two neighbours: whoever works with messages imports it alone.
__all__ = [
    "BEGINNING",
    "AnswerInProgress",
    "Asked",
    "Changes",
    "ClientIdReused",
    "Message",
    "StaleParent",
    "UnknownAnswer",
    "UnknownParent",
    "ask",
    "by_stream",
    "changes",
    "everything",
    "follow_stream",
    "get",
    "history",
    "live_beside",
    "live_stream",
    "newest",
    "page",
    "path",
    "regenerate",
    "remove_answer",
]


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of a conversation since a revision."""

    conversation: Conversation | None  # only when its own fields changed
    revision: int  # the present one: ask from here the next time
    messages: list[Message]  # new or changed, oldest first
    deleted: list[str]  # ids


# ── reads ────────────────────────────────────────────────────────────────────────────────────


def get(conn: Connection, message_id: str) -> Message | None:
    """Find one by id, whoever asks: who may see it is the web floor's to decide."""
    return fetch_one(conn, messages.c.id == message_id)


def by_stream(conn: Connection, stream_id: str) -> Message | None:
    """Find the answer whose text this stream is; None for a stream without a message."""
    return fetch_one(conn, messages.c.stream_id == stream_id)


def path(conn: Connection, conversation_id: str) -> list[Message]:
    """Give the line of messages that ends with the newest one, oldest first."""
    line = line_to(is_newest(conversation_id))
    on_it = messages.c.seq.in_(select(line.c.seq))
    return fetch(conn, select(messages).where(on_it).order_by(messages.c.seq))


def history(conn: Connection, answer: Message) -> list[Message]:
    """Give what an answer answers: the line from the first question to its own, oldest first."""
    line = line_to(messages.c.id == answer.parent_id)
    on_it = messages.c.seq.in_(select(line.c.seq))
    return fetch(conn, select(messages).where(on_it).order_by(messages.c.seq))


def everything(conn: Connection, conversation_id: str) -> list[Message]:
    """Give all messages of all branches, in the order in which they came."""
    mine = messages.c.conversation_id == conversation_id
    return fetch(conn, select(messages).where(mine).order_by(messages.c.seq))


def newest(conn: Connection, conversation_id: str, limit: int = 50) -> list[Message]:
    """Give the last messages, whatever their branch, oldest first."""
    mine = messages.c.conversation_id == conversation_id
    found = fetch(conn, select(messages).where(mine).order_by(messages.c.seq.desc()).limit(limit))
    return found[::-1]


def page(
    conn: Connection,
    conversation_id: str,
    *,
    limit: int = 50,
    after: str | None = None,
    before: str | None = None,
    all: bool = False,
    branch: str | None = None,
) -> tuple[list[Message], str | None]:
    """List messages, oldest first: the path to the newest, or `all` branches. Raises BadPage.

    `branch`: the path that goes through this message, down to the newest that goes back to it.

    `after` and `before` (one of them) take a message's id or the `next` of the last page, which goes on in
    the direction that was asked: with `before`, towards the beginning. `next` is None at the end.
    """
    check_limit(limit)
    if after is not None and before is not None:
        raise BadPage("after and before exclude each other")
    query = select(messages).where(messages.c.conversation_id == conversation_id)
    if not all:
        end = is_newest(conversation_id) if branch is None else _end_of(conn, conversation_id, branch)
        query = query.where(messages.c.seq.in_(select(line_to(end).c.seq)))
    if before is not None:
        query = query.where(messages.c.seq < _seq_of(conn, conversation_id, before))
        found = fetch(conn, query.order_by(messages.c.seq.desc()).limit(limit + 1))
    else:
        if after is not None:
            query = query.where(messages.c.seq > _seq_of(conn, conversation_id, after))
        found = fetch(conn, query.order_by(messages.c.seq).limit(limit + 1))
    items = found[:limit]
    further = mark(items[-1].seq) if len(found) > limit else None
    return (items[::-1] if before is not None else items), further


def changes(conn: Connection, conversation_id: str, since_revision: int) -> Changes | None:
    """Give what changed after that revision; None when the conversation is gone.

    The text of an answer that merely grew is no change: its chunks are followed through its stream.
    """
    found = conversations.get(conn, conversation_id)
    if found is None:
        return None
    if since_revision > found.revision:  # of another life of this database, or too large to ask it for
        return Changes(None, found.revision, [], [])
    changed = and_(messages.c.conversation_id == conversation_id, messages.c.revision > since_revision)
    gone = and_(deletions.c.conversation_id == conversation_id, deletions.c.revision > since_revision)
    ids = conn.execute(select(deletions.c.message_id).where(gone).order_by(deletions.c.seq)).scalars()
    return Changes(
        conversation=found if found.changed_at_revision > since_revision else None,
        revision=found.revision,
        messages=fetch(conn, select(messages).where(changed).order_by(messages.c.seq)),
        deleted=list(ids),
    )


def live_beside(conn: Connection, stream_id: str) -> str | None:
    """Give the live answer in the conversation of this stream's message, if there is one."""
    answer = by_stream(conn, stream_id)
    return live_stream(conn, answer.conversation_id) if answer else None


# ── writes ───────────────────────────────────────────────────────────────────────────────────


def remove_answer(tx: Transaction, streams: Streams, stream_id: str) -> bool:
    """Remove the answer whose text this stream is, and the stream; what followed moves up to its parent.

    False when the stream belongs to no message: nothing is touched then.
    """
    mine = messages.c.stream_id == stream_id
    conversation_id = tx.execute(select(messages.c.conversation_id).where(mine)).scalar_one_or_none()
    if conversation_id is None:
        return False
    revision = conversations.bump(tx, conversation_id)
    answer = by_stream(tx.conn, stream_id)  # only now, with others kept out: it may just have begun to think
    if answer is None:
        return True  # somebody else removed it
    for text in filter(None, (answer.stream_id, answer.reasoning_stream_id)):
        streams.delete(tx, text)  # first: who is told of it still finds the message
    search.forget(tx, answer.id)
    moved_up = {"parent_id": answer.parent_id, "revision": revision}
    tx.execute(update(messages).where(messages.c.parent_id == answer.id).values(moved_up))
    tx.execute(delete_from(messages).where(messages.c.id == answer.id))
    gone = {"conversation_id": answer.conversation_id, "message_id": answer.id, "revision": revision}
    tx.execute(insert(deletions).values(gone))
    return True


def follow_stream(tx: Transaction, state: StreamState) -> None:
    """Carry a stream's new status over to its message, in the stream's own transaction.

    Does nothing for a stream without a message. A second live answer in one conversation breaks a unique
    index here, and with that the whole change.
    """
    mine = messages.c.stream_id == state.id
    columns = select(messages.c.conversation_id, messages.c.citations)
    message = tx.conn.execute(columns.where(mine)).one_or_none()
    if message is None:
        return
    revision = conversations.bump(tx, message.conversation_id)
    told: dict[str, Any] = {
        "status": state.status,
        "usage": state.usage,
        "error": state.error,
        "finish_reason": state.finish_reason,
        "timing": state.timing,
    }
    if message.citations and is_final(state.status):
        told["citations"] = citations.settle(tx.conn, state.id, message.citations)
    tx.execute(update(messages).where(mine).values(revision=revision, **told))
    if not is_live(state.status):
        search.index_answer(tx, state.id)


def _end_of(conn: Connection, conversation_id: str, branch: str) -> ColumnElement[bool]:
    leaf = leaf_of(conn, conversation_id, branch)
    if leaf is None:
        raise BadPage("branch names no message of this conversation")
    return messages.c.id == leaf


def _seq_of(conn: Connection, conversation_id: str, place: str) -> float:
    # A NUL can be in no id, and PostgreSQL cannot even be asked for one.
    seq = seq_of_message(conn, conversation_id, place) if "\x00" not in place else None
    return seq if seq is not None else key_of(place, int)[0]
