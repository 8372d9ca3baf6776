"""Budgets: what a person may use in a day, and how many answers they may have written at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from chat.store import ledger
from chat.store.census import UNFINISHED
from chat.store.tables import messages, people, streams
from chat.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Allowance:
    """What somebody may use; 0: without limit."""

    daily_tokens: int = 0
    daily_cost: float = 0.0
    live_answers: int = 0


UNLIMITED = Allowance()


class BudgetUsedUp(Exception):
    """This person's budget of the day is used up; it begins anew in `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class TooManyAnswers(Exception):
    """As many answers of this person as may be (`most`) are being written already."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class Budgets:
    """Says who may ask. `usual` holds for everybody for whom an admin wrote nothing else."""

    def __init__(self, usual: Allowance = UNLIMITED, wall: Callable[[], float] = lambda: 0.0) -> None:
        self._usual = usual
        self._wall = wall

    def of(self, conn: Connection, person_id: str) -> Allowance:
        """Say what this person may use."""
        return self._allowance(conn.execute(_LIMITS, {"person_id": person_id}).one_or_none())

    def check(self, conn: Connection, person_id: str) -> None:
        """Raise BudgetUsedUp when this person may not have a provider asked any more today.

        What is being written is counted when it ends, so the last answers of a day may go beyond.
        """
        self._check(conn, person_id, self.of(conn, person_id))

    def check_stream(self, conn: Connection, stream_id: str, created_by: str | None) -> None:
        """Check for whoever asked for this stream; `created_by`: whose it is without a message."""
        if created_by is not None:
            return self.check(conn, created_by)
        row = conn.execute(_LIMITS_OF_ASKER, {"stream_id": stream_id}).one_or_none()
        if row is not None and row.asked_by is not None:
            self._check(conn, row.asked_by, self._allowance(row))

    def admit(self, tx: Transaction, person_id: str) -> None:
        """Let a person ask once more, inside the transaction that asks. Raises BudgetUsedUp, TooManyAnswers.

        The person is held until the commit: of two questions at once one counts the other's answer.
        """
        held = _LIMITS.with_for_update(key_share=True)
        allowance = self._allowance(tx.execute(held, {"person_id": person_id}).one_or_none())
        self._check(tx.conn, person_id, allowance)
        if allowance.live_answers and live_answers(tx.conn, person_id) >= allowance.live_answers:
            raise TooManyAnswers(allowance.live_answers)

    def _check(self, conn: Connection, person_id: str, allowance: Allowance) -> None:
        if not (allowance.daily_tokens or allowance.daily_cost):
            return
        now = self._wall()
        used = ledger.spent(conn, person_id, ledger.day_of(now))
        too_much = 0 < allowance.daily_tokens <= used.tokens, 0 < allowance.daily_cost <= used.cost
        if any(too_much):
            raise BudgetUsedUp(ledger.seconds_left_of_day(now))

    def _allowance(self, row: Row[Any] | None) -> Allowance:
        usual = self._usual
        if row is None:
            return usual
        return Allowance(
            usual.daily_tokens if row.daily_tokens is None else row.daily_tokens,
            usual.daily_cost if row.daily_cost is None else row.daily_cost,
            usual.live_answers if row.live_answers is None else row.live_answers,
        )


def live_answers(conn: Connection, person_id: str) -> int:
    """Count the answers of a person that are pending or written: a look at the few that are alive at all."""
    alive = select(streams.c.id, streams.c.created_by).where(UNFINISHED).subquery()
    joined = alive.outerjoin(messages, messages.c.stream_id == alive.c.id)
    who = func.coalesce(messages.c.asked_by, alive.c.created_by)
    counted = select(func.count()).select_from(joined).where(who == person_id)
    return conn.execute(counted).scalar_one()


# Made once: they are asked before every answer.
_COLUMNS = (people.c.daily_tokens, people.c.daily_cost, people.c.live_answers)
_LIMITS: Select[Any] = select(*_COLUMNS).where(people.c.id == bindparam("person_id"))
_LIMITS_OF_ASKER: Select[Any] = (
    select(messages.c.asked_by, *_COLUMNS)
    .select_from(messages.outerjoin(people, people.c.id == messages.c.asked_by))
    .where(messages.c.stream_id == bindparam("stream_id"))
)
