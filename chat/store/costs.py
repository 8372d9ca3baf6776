"""What a model's tokens cost: the table that an admin writes beats the prices of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from chat.store.tables import prices
from chat.store.transaction import Transaction
from chat.store.upsert import upsert

ANY_MODEL = "*"  # the price of every model that has none of its own
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens, in and out, in whatever currency they all are."""

    input: float
    output: float

    def of(self, usage: Mapping[str, Any]) -> float:
        """Give what this usage costs."""
        input_tokens, output_tokens = tokens_of(usage)
        return (input_tokens * self.input + output_tokens * self.output) / MILLION


@dataclass(frozen=True, slots=True)
class Listed:
    """A price as the admin page shows it; `usual`: of the settings, and nobody changed it."""

    model: str
    price: Price
    usual: bool


class Prices:
    """All prices that hold; `usual` are those of the settings."""

    def __init__(self, usual: Mapping[str, tuple[float, float]]) -> None:
        self._usual = {model: Price(*price) for model, price in usual.items()}

    def of(self, conn: Connection, model: str) -> Price | None:
        """Give the price of a model, else that of any model; None: it is unknown."""
        rows = conn.execute(select(prices).where(prices.c.model.in_((model, ANY_MODEL)))).all()
        held = self._usual | {row.model: Price(row.input, row.output) for row in rows}
        return held.get(model) or held.get(ANY_MODEL)

    def all(self, conn: Connection) -> list[Listed]:
        """List every price that holds, by model."""
        rows = conn.execute(select(prices)).all()
        listed = {model: Listed(model, price, usual=True) for model, price in self._usual.items()}
        listed |= {row.model: Listed(row.model, Price(row.input, row.output), usual=False) for row in rows}
        return [listed[model] for model in sorted(listed)]


def set_price(tx: Transaction, model: str, price: Price, now: float) -> None:
    """Let answers that end from now on cost this."""
    upsert(tx, prices, {"model": model, "input": price.input, "output": price.output, "updated_at": now})


def remove_price(tx: Transaction, model: str) -> None:
    """Forget what an admin wrote: the price of the settings holds again, if any. Twice is harmless."""
    tx.execute(delete(prices).where(prices.c.model == model))


def tokens_of(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Read the tokens in and out of what a stream says it used."""
    return int(usage.get("input_tokens") or 0), int(usage.get("output_tokens") or 0)
