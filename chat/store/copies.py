"""Copies: a line of questions and answers that is at rest, written into a conversation of somebody's own."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select

from chat.core.lifecycle import Status, is_final, is_interrupted, is_live
from chat.store import conversations, search
from chat.store.citations import settled_json
from chat.store.conversations import Conversation, ConversationGone
from chat.store.message_rows import Message, fetch, fetch_one, is_newest, line_to
from chat.store.people import Person
from chat.store.stored import written_of
from chat.store.tables import messages, streams
from chat.store.transaction import Transaction

CHUNK_BY = "sentence"  # of a text that will never grow: the column wants something
ANSWERS = "assistant"


class NoSuchMessage(LookupError):
    """The message up to which a copy was wanted is not of that conversation."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message at rest, as it is written; what it took is nobody's, unless it says so."""

    role: str
    text: str
    created_at: float
    author: Person | None = None
    status: Status = Status.DONE  # final
    model: str | None = None
    reasoning: str | None = None
    error: dict[str, str] | None = None
    finish_reason: str | None = None
    citations: Sequence[dict[str, Any]] = ()
    left_out: int = 0
    unread_documents: int = 0
    usage: dict[str, Any] | None = None
    timing: dict[str, Any] | None = None
    cost: float | None = None


def copy(
    tx: Transaction, source_id: str, *, owner: Person, now: float, message_id: str | None = None
) -> Conversation:
    """Copy the line to the newest message (or to `message_id`) into a new conversation of `owner`'s.

    Texts that will not change alone: an answer that is being written is left out, and its question too unless
    it was answered before; an interrupted one is a stopped one there, and one in the middle of the line that
    somebody goes on with. Raises ConversationGone, NoSuchMessage.
    """
    source = conversations.get(tx.conn, source_id)
    if source is None:
        raise ConversationGone(source_id)
    line = _at_rest(tx.conn, _line(tx.conn, source_id, message_id))
    reasoning = written_of(tx.conn, [one.reasoning_stream_id for one in line if one.reasoning_stream_id])
    fields = {name: getattr(source, name) for name in ("title", "system", "model", "temperature")}
    own = source.owner_id == owner.id  # the switch is about its owner's library
    made = conversations.create(tx, owner=owner, now=now, library=not own or source.library, **fields)
    search.index_later(tx, [made.id])
    texts = {stream_id: written.text for stream_id, written in reasoning.items()}
    write_line(tx, made, [_turn(message, texts) for message in line])
    return made


def write_line(tx: Transaction, conversation: Conversation, turns: Sequence[Turn]) -> list[str]:
    """Write turns into an empty conversation, each answering the one before; give the messages' ids."""
    return write_tree(tx, conversation, turns, [None, *range(len(turns) - 1)] if turns else [])


def write_tree(
    tx: Transaction, conversation: Conversation, turns: Sequence[Turn], parents: Sequence[int | None]
) -> list[str]:
    """Write turns likewise; `parents` says of each which of those before it it goes on from."""
    ids = [secrets.token_hex(12) for _ in turns]
    rows, texts = [], []
    for message_id, parent, turn in zip(ids, parents, turns, strict=True):
        row = _row(conversation, message_id, None if parent is None else ids[parent], turn)
        rows.append(row)
        texts += [
            _text(row[column], text, turn)
            for column, text in (("stream_id", turn.text), ("reasoning_stream_id", turn.reasoning))
            if row[column] and text is not None
        ]
    if texts:
        tx.execute(insert(streams), texts)
    if rows:
        tx.execute(insert(messages), rows)  # in this order: a child's number is higher than its parent's
    return ids


def _line(conn: Connection, source_id: str, message_id: str | None) -> list[Message]:
    end: ColumnElement[bool] = is_newest(source_id)
    if message_id is not None:
        end = and_(messages.c.conversation_id == source_id, messages.c.id == message_id)
        if conn.execute(select(func.count()).where(end)).scalar_one() == 0:
            raise NoSuchMessage(message_id)
    on_it = messages.c.seq.in_(select(line_to(end).c.seq))
    return fetch(conn, select(messages).where(on_it).order_by(messages.c.seq))


def _at_rest(conn: Connection, line: list[Message]) -> list[Message]:
    """Leave out the answer that is being written; another one to its question stands in for it."""
    if not (line and line[-1].role == ANSWERS and is_live(line[-1].status)):
        return line
    *before, live = line
    for sibling in reversed(live.siblings):
        other = fetch_one(conn, messages.c.id == sibling)
        if other is not None and not is_live(other.status):
            return [*before, other]
    return before[:-1]


def _may_go_on(status: str) -> bool:
    """Say whether an answer is not at its end; somebody may be going on with an older one of the line."""
    return is_interrupted(status) or is_live(status)


def _turn(message: Message, reasoning: dict[str, str]) -> Turn:
    return Turn(
        role=message.role,
        text=message.text,
        created_at=message.created_at,
        author=message.author,
        status=Status.STOPPED if _may_go_on(message.status) else Status(message.status),
        model=message.model,
        reasoning=reasoning.get(message.reasoning_stream_id or ""),
        error=message.error,
        finish_reason=message.finish_reason,
        citations=_cited(message),
        left_out=message.left_out,
        unread_documents=message.unread_documents,
    )


def _cited(message: Message) -> Sequence[dict[str, Any]]:
    """Give what an answer cites; one that ends only with the copy still has all that it might have cited."""
    if message.citations and not is_final(message.status):
        return settled_json(message.citations, message.text)
    return message.citations


def _row(conversation: Conversation, message_id: str, parent_id: str | None, turn: Turn) -> dict[str, Any]:
    is_answer = turn.role == ANSWERS
    return {
        "id": message_id,
        "conversation_id": conversation.id,
        "parent_id": parent_id,
        "role": turn.role,
        "author_id": turn.author.id if turn.author else None,
        "author_name": turn.author.name if turn.author else None,
        "text": None if is_answer else turn.text,
        "status": turn.status,
        "stream_id": secrets.token_hex(12) if is_answer else None,
        "reasoning_stream_id": secrets.token_hex(12) if is_answer and turn.reasoning else None,
        "model": turn.model,
        "citations": list(turn.citations),
        "left_out": turn.left_out,
        "unread_documents": turn.unread_documents,
        "error": turn.error,
        "finish_reason": turn.finish_reason,
        "usage": turn.usage,
        "timing": turn.timing,
        "cost": turn.cost,
        "revision": conversation.revision,
        "created_at": turn.created_at,
    }


def _text(stream_id: str, text: str, turn: Turn) -> dict[str, Any]:
    """Give the row of a stream that has ended."""
    length = len(text.encode())
    return {
        "id": stream_id,
        "status": turn.status,
        "epoch": 1,
        "bases": [0],
        "text": text,
        "length": length,
        "chunk_by": CHUNK_BY,
        "error": turn.error,
        "finish_reason": turn.finish_reason,
        "created_at": turn.created_at,
        "ended_at": turn.created_at,
    }
