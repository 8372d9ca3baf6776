"""One message as its readers see it: the row, and for an answer the text that its stream has stored."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    func,
    literal,
    literal_column,
    select,
)

from chat.store.people import Person
from chat.store.stored import Written, written_of
from chat.store.tables import messages

NOTHING = Written("", 0)
# Word for word what the index of live answers says of itself: with values in place it would not be used.
IS_LIVE: Any = literal_column("messages.role = 'assistant' AND messages.status IN ('pending', 'streaming')")
Spot = tuple[str, str | None, str]  # conversation, parent, role: whoever shares it is another branch


@dataclass(frozen=True, slots=True)
class Thought:
    """What was thought before an answer, as far as it is stored; `total_ms` is known once it is over."""

    text: str
    status: str
    total_ms: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """A question or an answer; a live answer's `text` is what is stored of it at this moment."""

    id: str
    conversation_id: str
    role: str  # "user" or "assistant"
    author: Person | None  # None for an answer
    text: str
    status: str
    stream_id: str | None
    reasoning_stream_id: str | None
    parent_id: str | None
    model: str | None
    usage: dict[str, Any] | None
    citations: Sequence[dict[str, Any]]  # see chat.core.sources
    left_out: int  # of an answer: earlier messages that the model was not told
    unread_documents: int  # of an answer: still being read then, so that it did not look at them
    error: dict[str, str] | None
    finish_reason: str | None
    asked_by: str | None  # of an answer: the person who wanted it
    timing: dict[str, int | None] | None  # {first_token_ms, total_ms}
    cost: float | None  # None: unknown
    siblings: tuple[str, ...]  # this one and the others with its parent, in order of arrival
    created_at: float
    reasoning: Thought | None  # what was thought before the answer
    seq: int  # order of arrival; a child's is always higher than its parent's
    revision: int  # the conversation's, when this message last changed
    epoch: int  # of its stream: above 1, it was interrupted and goes on; 0 for a question


def fetch(conn: Connection, query: Select[Any]) -> list[Message]:
    """Run a select over all columns of messages and join each answer with its text, in one snapshot."""
    rows = conn.execute(query).all()
    ids = (one for row in rows for one in (row.stream_id, row.reasoning_stream_id) if one)
    written = written_of(conn, ids)
    beside = _siblings(conn, rows)
    return [
        _message(
            row,
            written.get(row.stream_id, NOTHING),
            _thought(written.get(row.reasoning_stream_id)),
            beside[_spot(row)],
        )
        for row in rows
    ]


def fetch_one(conn: Connection, where: ColumnElement[bool]) -> Message | None:
    """Give the one message of which this is true; None when there is none."""
    found = fetch(conn, select(messages).where(where))
    return found[0] if found else None


def line_to(newest: ColumnElement[bool], most: int | None = None) -> CTE:
    """Give the rows (seq, parent_id) from the message of which this is true back to the first question.

    `most`: no further back than so many rows.
    """
    first = select(messages.c.seq, messages.c.parent_id, literal(1).label("nth"))
    line = first.where(newest).cte("line", recursive=True)
    parent = messages.alias("parent")
    # A parent is always older: said here so that no row, however it came, can send this in circles.
    towards_the_start = and_(parent.c.id == line.c.parent_id, parent.c.seq < line.c.seq)
    further = select(parent.c.seq, parent.c.parent_id, line.c.nth + 1).join(line, towards_the_start)
    return line.union_all(further if most is None else further.where(line.c.nth < most))


def is_newest(conversation_id: str) -> ColumnElement[bool]:
    """Say of a message that it came last in its conversation."""
    last = select(func.max(messages.c.seq)).where(messages.c.conversation_id == conversation_id)
    return messages.c.seq == last.scalar_subquery()


def seq_of_message(conn: Connection, conversation_id: str, message_id: str) -> int | None:
    """Give a message's place in the order of arrival; None when it is not of this conversation."""
    mine = and_(messages.c.conversation_id == conversation_id, messages.c.id == message_id)
    return conn.execute(select(messages.c.seq).where(mine)).scalar_one_or_none()


def live_stream(conn: Connection, conversation_id: str) -> str | None:
    """Give the stream of the answer that is pending or streaming in the conversation, if any."""
    live = and_(messages.c.conversation_id == conversation_id, IS_LIVE)
    return conn.execute(select(messages.c.stream_id).where(live)).scalar_one_or_none()


def _siblings(conn: Connection, rows: Sequence[Row[Any]]) -> dict[Spot, tuple[str, ...]]:
    """Give, by spot, the ids of all messages that stand there, oldest first."""
    parents = {row.parent_id for row in rows if row.parent_id}
    anew = {row.conversation_id for row in rows if row.parent_id is None}
    columns = (messages.c.id, messages.c.conversation_id, messages.c.parent_id, messages.c.role)
    found: defaultdict[Spot, list[str]] = defaultdict(list)
    wheres: list[ColumnElement[bool]] = [messages.c.parent_id.in_(parents)] if parents else []
    if anew:
        wheres.append(and_(messages.c.conversation_id.in_(anew), messages.c.parent_id.is_(None)))
    for where in wheres:
        for one in conn.execute(select(*columns).where(where).order_by(messages.c.seq)):
            found[_spot(one)].append(one.id)
    return {spot: tuple(ids) for spot, ids in found.items()}


def _spot(row: Any) -> Spot:
    return (row.conversation_id, row.parent_id, row.role)


def _thought(written: Written | None) -> Thought | None:
    if written is None:
        return None
    return Thought(written.text, written.status, (written.timing or {}).get("total_ms"))


def _message(
    row: Row[Any], written: Written, reasoning: Thought | None, siblings: tuple[str, ...]
) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        role=row.role,
        author=Person(row.author_id, row.author_name) if row.author_id else None,
        text=written.text if row.stream_id else row.text or "",
        status=row.status,
        stream_id=row.stream_id,
        reasoning_stream_id=row.reasoning_stream_id,
        parent_id=row.parent_id,
        model=row.model,
        usage=row.usage,
        citations=row.citations,
        left_out=row.left_out or 0,
        unread_documents=row.unread_documents or 0,
        error=row.error,
        finish_reason=row.finish_reason,
        asked_by=row.asked_by,
        timing=row.timing,
        cost=row.cost,
        siblings=siblings,
        reasoning=reasoning,
        created_at=row.created_at,
        seq=row.seq,
        revision=row.revision,
        epoch=written.epoch,
    )
