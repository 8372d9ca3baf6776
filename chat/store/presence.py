"""Who looks at what, as each process says it: rows that count only for as long as they are renewed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, select, update

from chat.store.message_rows import IS_LIVE
from chat.store.tables import conversations, members, messages, presence
from chat.store.transaction import Transaction
from chat.store.upsert import upsert

Lines = dict[str, Any]  # {"people": {id: [name, drives]}, "links": how many}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What another process says of a conversation, and until when that counts."""

    lines: Lines
    until: float


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is what in a conversation: its owner, its members' roles, who asked the answer that is live."""

    owner_id: str | None
    roles: Mapping[str, str]
    asker_id: str | None


def topic_of(conversation_id: str) -> str:
    """Name the bell of who is in a conversation."""
    return f"presence:{conversation_id}"


def write(tx: Transaction, process: str, rows: Mapping[str, Lines | None], until: float) -> None:
    """Say who is there now, by conversation; None: nobody any more. Who shows it is rung."""
    for conversation_id, lines in rows.items():
        row = {"conversation_id": conversation_id, "process": process}
        if lines is None:
            tx.execute(delete(presence).where(*(presence.c[name] == value for name, value in row.items())))
        else:
            upsert(tx, presence, {**row, "lines": lines, "until": until})
        tx.ring(topic_of(conversation_id))


def renew(tx: Transaction, process: str, until: float, forget_before: float) -> int:
    """Let what this process says count on; say of how many conversations. Long dead rows are swept."""
    tx.execute(delete(presence).where(presence.c.until < forget_before))
    return tx.execute(update(presence).where(presence.c.process == process).values(until=until)).rowcount


def elsewhere(conn: Connection, conversation_id: str, process: str, now: float) -> list[Elsewhere]:
    """Read what the other processes say of a conversation, those that still count."""
    others = and_(presence.c.process != process, presence.c.until > now)
    query = select(presence.c.lines, presence.c.until).where(
        presence.c.conversation_id == conversation_id, others
    )
    rows = conn.execute(query.order_by(presence.c.process)).all()
    return [Elsewhere(row.lines, row.until) for row in rows]


def cast_of(conn: Connection, conversation_id: str) -> Cast:
    """Read who is what there; all is empty for what is gone."""
    asker = (
        select(messages.c.asked_by)
        .where(messages.c.conversation_id == conversation_id, IS_LIVE)
        .scalar_subquery()
    )
    joined = conversations.outerjoin(members, members.c.conversation_id == conversations.c.id)
    columns = (conversations.c.owner_id, members.c.person_id, members.c.role, asker.label("asker_id"))
    rows = conn.execute(
        select(*columns).select_from(joined).where(conversations.c.id == conversation_id)
    ).all()
    if not rows:
        return Cast(None, {}, None)
    roles = {row.person_id: row.role for row in rows if row.person_id is not None}
    return Cast(rows[0].owner_id, roles, rows[0].asker_id)
