"""What was used, as the API and the pages give it: sums, by day and model, and the limits that hold."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from chat.store import ledger
from chat.store.budgets import Allowance
from chat.store.ledger import Line, Usage
from chat.web.figures import money
from chat.web.house import house
from chat.web.shapes import time_json


@dataclass(frozen=True, slots=True)
class Used:
    """What a person used today and in 30 days, and what they may use."""

    today: Usage
    lines: list[Line]
    allowance: Allowance
    resets_at: float  # wall clock: when a day's budget begins anew

    @property
    def month(self) -> Usage:
        return ledger.total([(line.model, line.usage) for line in self.lines])


def used_by(person_id: str) -> Used:
    """Look up what a person used and may use."""
    made = house()
    now = made.now()

    def look(conn: Connection) -> Used:
        return Used(
            ledger.spent(conn, person_id, ledger.day_of(now)),
            ledger.lines(conn, ledger.month_of(now), person_id),
            made.budgets.of(conn, person_id),
            now + ledger.seconds_left_of_day(now),
        )

    return made.store.read(look)


def used_in(conversation_id: str) -> list[tuple[str, Usage]]:
    """Look up what a conversation's answers took, by model; `ledger.total` adds it up."""
    return house().store.read(lambda conn: ledger.of_conversation(conn, conversation_id))


def usage_json(usage: Usage) -> dict[str, Any]:
    """Give what answers took; `cost` is null where no price is known, and leaves out what is `unpriced`."""
    return {
        "answers": usage.answers,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost": None if usage.is_unpriced else usage.cost,
        "unpriced": usage.unpriced,
    }


def used_json(used: Used) -> dict[str, Any]:
    """Give `GET /api/usage`; a limit that is null does not hold."""
    allowance = used.allowance
    return {
        "today": usage_json(used.today),
        "month": usage_json(used.month),
        "days": [{"day": one.day, "model": one.model, **usage_json(one.usage)} for one in used.lines],
        "limits": {
            "daily_tokens": allowance.daily_tokens or None,
            "daily_cost": allowance.daily_cost or None,
            "live_answers": allowance.live_answers or None,
        },
        "resets_at": time_json(used.resets_at),
    }


def used_in_json(parts: list[tuple[str, Usage]]) -> dict[str, Any]:
    """Give `GET /api/conversations/<id>/usage`."""
    models = [{"model": model or None, **usage_json(usage)} for model, usage in parts]
    return {"total": usage_json(ledger.total(parts)), "models": models}


def cost_words(usage: Usage) -> str:
    """Say what answers cost, in the currency of the prices: honest about what is not known."""
    if usage.is_unpriced:
        return "unknown"
    return f"{'at least ' if usage.unpriced else ''}{money(usage.cost)}"
