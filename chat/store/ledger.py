"""The ledger: what each person's answers took, by day and model. It outlives the conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, select

from chat.store.costs import tokens_of
from chat.store.tables import ledger, messages
from chat.store.transaction import Transaction
from chat.store.upsert import upsert

DAY_S = 24 * 3600
MONTH_DAYS = 30  # that a page of usage looks back, today included

_SUMS = ("answers", "input_tokens", "output_tokens", "cost", "unpriced")


@dataclass(frozen=True, slots=True)
class Usage:
    """What some answers took together, and titles, which are none; `cost` leaves out what is `unpriced`."""

    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def is_unpriced(self) -> bool:
        """Whether no price is known of anything in it."""
        return self.unpriced > 0 and not self.cost


@dataclass(frozen=True, slots=True)
class Line:
    """What a model took on one day."""

    day: str
    model: str
    usage: Usage


def day_of(wall: float) -> str:
    """Name the UTC day of a wall-clock time."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d")


def month_of(wall: float) -> str:
    """Name the first of the 30 days that end with this one."""
    return day_of(wall - (MONTH_DAYS - 1) * DAY_S)


def seconds_left_of_day(wall: float) -> float:
    """Give the time until midnight, UTC, when daily budgets begin anew."""
    return DAY_S - wall % DAY_S


def add(
    tx: Transaction,
    person_id: str,
    day: str,
    model: str,
    usage: Mapping[str, Any],
    cost: float | None,
    *,
    answers: int = 1,
) -> None:
    """Count one answer of this person (`answers` 0: a title); `cost` None: nobody knows."""
    input_tokens, output_tokens = tokens_of(usage)
    row = {
        "person_id": person_id, "day": day, "model": model, "answers": answers,
        "input_tokens": input_tokens, "output_tokens": output_tokens,
        "cost": cost or 0.0, "unpriced": int(cost is None),
    }  # fmt: skip
    upsert(tx, ledger, row, adding=_SUMS)


def spent(conn: Connection, person_id: str, since: str) -> Usage:
    """Sum up what a person used since that day; a few rows of one index."""
    return _usage(conn.execute(_SPENT, {"person_id": person_id, "since": since}).one())


def lines(conn: Connection, since: str, person_id: str | None = None) -> list[Line]:
    """List usage by day and model since that day, newest first; of one person, or of everybody."""
    where = ledger.c.day >= since
    if person_id is not None:
        where = and_(where, ledger.c.person_id == person_id)
    query = _sums().add_columns(ledger.c.day, ledger.c.model).where(where)
    rows = conn.execute(query.group_by(ledger.c.day, ledger.c.model)).all()
    found = [Line(row.day, row.model, _usage(row)) for row in rows]
    return sorted(found, key=lambda line: (line.day, line.usage.tokens, line.model), reverse=True)


def by_person(conn: Connection, when: ColumnElement[bool], ids: Sequence[str]) -> dict[str, Usage]:
    """Sum up what each of these people used then."""
    query = _sums().add_columns(ledger.c.person_id).where(when, ledger.c.person_id.in_(ids))
    return {row.person_id: _usage(row) for row in conn.execute(query.group_by(ledger.c.person_id))}


def unpriced_models(conn: Connection, since: str) -> list[str]:
    """Name the models whose price nobody knew when they answered."""
    unknown = (ledger.c.day >= since) & (ledger.c.unpriced > 0)
    query = select(ledger.c.model).distinct().where(unknown).order_by(ledger.c.model)
    return list(conn.execute(query).scalars())


def of_conversation(conn: Connection, conversation_id: str) -> list[tuple[str, Usage]]:
    """Sum up, by model, what the answers of a conversation took, on all branches; deleted ones are gone."""
    answers = and_(
        messages.c.conversation_id == conversation_id,
        messages.c.role == "assistant",
        messages.c.usage.is_not(None),
    )
    rows = conn.execute(select(messages.c.model, messages.c.usage, messages.c.cost).where(answers)).all()
    found: dict[str, Usage] = {}
    for row in rows:
        if row.usage:
            found[row.model or ""] = _plus(found.get(row.model or "", Usage()), row.usage, row.cost)
    return sorted(found.items())


def total(parts: list[tuple[str, Usage]]) -> Usage:
    """Add up what was summed by model."""
    return Usage(*(sum(getattr(usage, name) for _, usage in parts) for name in _SUMS))


def _plus(so_far: Usage, usage: Mapping[str, Any], cost: float | None) -> Usage:
    input_tokens, output_tokens = tokens_of(usage)
    return Usage(
        so_far.answers + 1,
        so_far.input_tokens + input_tokens,
        so_far.output_tokens + output_tokens,
        so_far.cost + (cost or 0.0),
        so_far.unpriced + (cost is None),
    )


def _sums() -> Select[Any]:
    return select(*(func.coalesce(func.sum(ledger.c[name]), 0).label(name) for name in _SUMS))


# Made once: it is asked before every answer of somebody who has a budget.
_SPENT = _sums().where(ledger.c.person_id == bindparam("person_id"), ledger.c.day >= bindparam("since"))


def _usage(row: Row[Any]) -> Usage:
    answers, into, out, cost, unpriced = row[: len(_SUMS)]
    return Usage(int(answers), int(into), int(out), float(cost), int(unpriced))
