"""What an admin sees and may change: people, their limits, what is being written. Never what anybody said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BLOB,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)

from chat.store import ledger
from chat.store.census import UNFINISHED
from chat.store.ledger import Usage
from chat.store.people import topic_of_standing
from chat.store.tables import accounts, chunks, messages, people, streams
from chat.store.tables import ledger as ledger_rows
from chat.store.transaction import Transaction

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Someone:
    """A person as an admin sees them; of `limits`, None means: what holds for all."""

    id: str
    name: str
    login: str | None
    is_admin: bool
    disabled_at: float | None
    created_at: float
    daily_tokens: int | None
    daily_cost: float | None
    live_answers: int | None
    today: Usage
    month: Usage


@dataclass(frozen=True, slots=True)
class Underway:
    """An answer that is pending or being written: whose and how much, never what."""

    stream_id: str
    status: str
    person_id: str | None
    name: str | None
    model: str | None
    created_at: float
    bytes: int


def people_page(conn: Connection, now: float, words: str = "", page: int = 1) -> tuple[list[Someone], bool]:
    """List people, the newest first, of whom name or login holds `words`; say whether there are more."""
    query = _people()
    if words:
        query = query.where(or_(_holds(people.c.name, words), _holds(accounts.c.login, words)))
    newest_first = query.order_by(people.c.created_at.desc(), people.c.id)
    rows = conn.execute(newest_first.limit(ON_A_PAGE + 1).offset((page - 1) * ON_A_PAGE)).all()
    return _with_usage(conn, rows[:ON_A_PAGE], now), len(rows) > ON_A_PAGE


def someone(conn: Connection, person_id: str, now: float) -> Someone | None:
    """Find one person by id."""
    row = conn.execute(_people().where(people.c.id == person_id)).one_or_none()
    return _with_usage(conn, [row], now)[0] if row else None


def allow(
    tx: Transaction, person_id: str, tokens: int | None, cost: float | None, live_answers: int | None
) -> bool:
    """Set what a person may use; None: what holds for all, 0: no limit. False: nobody there."""
    limits = {"daily_tokens": tokens, "daily_cost": cost, "live_answers": live_answers}
    return tx.execute(update(people).where(people.c.id == person_id).values(limits)).rowcount > 0


def disable(tx: Transaction, person_id: str, now: float | None) -> bool:
    """Shut a person out and cut their lines; `now` None: let them in again. False: nobody there."""
    tx.ring(topic_of_standing(person_id))
    return tx.execute(update(people).where(people.c.id == person_id).values(disabled_at=now)).rowcount > 0


def underway(conn: Connection) -> list[Underway]:
    """List what is pending or being written, the oldest first; a few, whatever the tables hold."""
    names = ("id", "status", "created_by", "created_at", "length", "first_seq", "request")
    alive = select(*(streams.c[name] for name in names)).where(UNFINISHED).subquery()
    who = func.coalesce(messages.c.asked_by, alive.c.created_by)
    joined = alive.outerjoin(messages, messages.c.stream_id == alive.c.id).outerjoin(
        people, people.c.id == who
    )
    is_reasoning = exists().where(messages.c.reasoning_stream_id == alive.c.id).correlate(alive)
    columns = (*alive.c, who.label("person_id"), people.c.name, messages.c.model)
    query: Select[Any] = select(*columns).select_from(joined).where(~is_reasoning)
    rows = conn.execute(query.order_by(alive.c.created_at)).all()
    beyond = _stored_in_chunks(conn, rows)
    return [_underway(row, beyond.get(row.id, 0)) for row in rows]


def streams_of(conn: Connection, person_id: str) -> list[str]:
    """Name what a person has pending or being written."""
    return [one.stream_id for one in underway(conn) if one.person_id == person_id]


def _underway(row: Row[Any], beyond: int) -> Underway:
    model = row.model or (row.request or {}).get("model")
    return Underway(row.id, row.status, row.person_id, row.name, model, row.created_at, row.length + beyond)


def _stored_in_chunks(conn: Connection, rows: Sequence[Row[Any]]) -> dict[str, int]:
    """Count the bytes that live streams have in the journal, by id."""
    begun = [row for row in rows if row.first_seq is not None]
    if not begun:
        return {}
    # SQLite counts characters, unless the text is a BLOB; PostgreSQL has a word for it.
    on_sqlite = conn.dialect.name == "sqlite"
    size = func.length(cast(chunks.c.text, BLOB)) if on_sqlite else func.octet_length(chunks.c.text)
    theirs = and_(
        chunks.c.seq >= min(row.first_seq for row in begun), chunks.c.stream_id.in_([r.id for r in begun])
    )
    found = conn.execute(
        select(chunks.c.stream_id, func.sum(size)).where(theirs).group_by(chunks.c.stream_id)
    )
    return {stream_id: int(total) for stream_id, total in found}


def _people() -> Select[Any]:
    joined = people.outerjoin(accounts, accounts.c.person_id == people.c.id)
    return select(people, accounts.c.login).select_from(joined)


def _holds(column: ColumnElement[Any], words: str) -> ColumnElement[bool]:
    return func.lower(column).contains(words.lower(), autoescape=True)


def _with_usage(conn: Connection, rows: Sequence[Row[Any]], now: float) -> list[Someone]:
    ids = [row.id for row in rows]
    month = ledger.by_person(conn, ledger_rows.c.day >= ledger.month_of(now), ids)
    today = ledger.by_person(conn, ledger_rows.c.day == ledger.day_of(now), ids)
    return [
        Someone(
            id=row.id,
            name=row.name,
            login=row.login,
            is_admin=bool(row.is_admin),
            disabled_at=row.disabled_at,
            created_at=row.created_at,
            daily_tokens=row.daily_tokens,
            daily_cost=row.daily_cost,
            live_answers=row.live_answers,
            today=today.get(row.id, Usage()),
            month=month.get(row.id, Usage()),
        )
        for row in rows
    ]
