"""Branches: the lines of a conversation's tree, one through each message down to its newest leaf."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from chat.store.message_rows import Message, fetch, is_newest, line_to
from chat.store.tables import messages

EACH_WAY = 25  # messages before and after the one that is looked for, where the end of its line is far


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a line around one message; what lies beyond it is a page further."""

    messages: list[Message]
    goes_on: bool  # the line has more after these


def leaf_of(conn: Connection, conversation_id: str, message_id: str) -> str | None:
    """Name the newest message that goes back to this one; None when it is not of this conversation."""
    if "\x00" in message_id:
        return None  # it can be in no id, and PostgreSQL cannot even be asked for one
    start = and_(messages.c.conversation_id == conversation_id, messages.c.id == message_id)
    below = select(messages.c.id, messages.c.seq).where(start).cte("below", recursive=True)
    child = messages.alias("child")
    # A child is always newer: said here so that no row, however it came, can send this in circles.
    onwards = and_(child.c.parent_id == below.c.id, child.c.seq > below.c.seq)
    below = below.union_all(select(child.c.id, child.c.seq).join(below, onwards))
    return conn.execute(select(below.c.id).order_by(below.c.seq.desc()).limit(1)).scalar_one_or_none()


def newest_id(conn: Connection, conversation_id: str) -> str | None:
    """Name the message that came last; None in an empty conversation."""
    return conn.execute(select(messages.c.id).where(is_newest(conversation_id))).scalar_one_or_none()


def line(conn: Connection, leaf_id: str, limit: int = 50) -> list[Message]:
    """Give the last `limit` messages on the way to this one and itself, oldest first."""
    return fetch(conn, _on(messages.c.id == leaf_id, limit).order_by(messages.c.seq))


def before(conn: Connection, conversation_id: str, message_id: str, limit: int = 50) -> list[Message] | None:
    """Give the last `limit` messages on the way to this one, itself not; None: not of this conversation."""
    if leaf_of(conn, conversation_id, message_id) is None:
        return None
    return line(conn, message_id, limit + 1)[:-1]


def around(conn: Connection, leaf_id: str, message_id: str) -> Window:
    """Give what stands around a message on the line to `leaf_id`."""
    on_line = line_to(messages.c.id == leaf_id)
    here = select(messages.c.seq).where(messages.c.id == message_id).scalar_subquery()
    after = select(on_line.c.seq).where(on_line.c.seq > here).order_by(on_line.c.seq)
    following: Sequence[int] = conn.execute(after.limit(EACH_WAY + 1)).scalars().all()
    shown = [*line(conn, message_id, EACH_WAY + 1), *_by_seq(conn, following[:EACH_WAY])]
    return Window(shown, goes_on=len(following) > EACH_WAY)


def _by_seq(conn: Connection, seqs: Sequence[int]) -> list[Message]:
    return fetch(conn, select(messages).where(messages.c.seq.in_(seqs)).order_by(messages.c.seq))


def _on(leaf: ColumnElement[bool], limit: int) -> Select[Any]:
    return select(messages).where(messages.c.seq.in_(select(line_to(leaf, limit).c.seq)))
