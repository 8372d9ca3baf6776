"""Charging: what an answer took is written to its message and the ledger, in the transaction of its end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from chat.core.lifecycle import is_final
from chat.store import conversations, ledger
from chat.store.costs import Prices
from chat.store.message_rows import fetch, line_to
from chat.store.stored import StreamState, written_of
from chat.store.tables import messages
from chat.store.transaction import Transaction

BYTES_A_TOKEN = 4  # where nobody counted; the same guess as the engine's


@dataclass(frozen=True, slots=True)
class _Bill:
    """Whom a stream is charged to; `message_id` None: it has no message."""

    person_id: str | None
    model: str
    message_id: str | None = None
    conversation_id: str | None = None
    parent_id: str | None = None


class Charges:
    """Charges each answer once: a final status is reached once, whoever retries what.

    An interrupted answer may still go on, and is charged when it really ends. `default_model` is whom a
    stream asked that names no model.
    """

    def __init__(self, prices: Prices, default_model: str, wall: Callable[[], float]) -> None:
        self._prices = prices
        self._default_model = default_model
        self._wall = wall

    def follow_stream(self, tx: Transaction, state: StreamState) -> None:
        """Charge what has ended now; inside the stream's own transaction, after its message was told."""
        if not is_final(state.status):
            return
        bill = self._bill(tx.conn, state)
        usage = state.usage or _guess(tx.conn, state, bill)
        if usage is None:
            return
        cost = 0.0 if _came_to_nothing(state, usage) else self._cost(tx.conn, bill, usage)
        if bill.message_id is not None:
            mine = messages.c.id == bill.message_id
            tx.execute(update(messages).where(mine).values(usage=usage, cost=cost))
        if not _came_to_nothing(state, usage):
            self._add(tx, bill, usage, cost)

    def before_deletion(self, tx: Transaction, state: StreamState) -> None:
        """Charge an answer that is deleted before its end: else deleting would be a way not to be charged."""
        if is_final(state.status):
            return
        bill = self._bill(tx.conn, state)
        usage = state.usage or _guess(tx.conn, state, bill)
        if usage is not None:
            self._add(tx, bill, usage, self._cost(tx.conn, bill, usage))

    def charge(self, tx: Transaction, person_id: str, model: str | None, usage: dict[str, Any]) -> None:
        """Charge what was asked for somebody without a stream: a title."""
        bill = _Bill(person_id, model or self._default_model)
        self._add(tx, bill, usage, self._cost(tx.conn, bill, usage), answers=0)

    def _add(
        self, tx: Transaction, bill: _Bill, usage: dict[str, Any], cost: float | None, answers: int = 1
    ) -> None:
        if bill.person_id is not None:
            day = ledger.day_of(self._wall())
            ledger.add(tx, bill.person_id, day, bill.model, usage, cost, answers=answers)

    def _cost(self, conn: Connection, bill: _Bill, usage: dict[str, Any]) -> float | None:
        price = self._prices.of(conn, bill.model)
        return price.of(usage) if price else None

    def _bill(self, conn: Connection, state: StreamState) -> _Bill:
        names = ("id", "asked_by", "model", "conversation_id", "parent_id")
        columns = [messages.c[name] for name in names]
        row = conn.execute(select(*columns).where(messages.c.stream_id == state.id)).one_or_none()
        if row is None:
            model = (state.request or {}).get("model")
            return _Bill(state.created_by, model or self._default_model)
        return _Bill(
            row.asked_by, row.model or self._default_model, row.id, row.conversation_id, row.parent_id
        )


def _came_to_nothing(state: StreamState, usage: dict[str, Any]) -> bool:
    """Say whether it failed before a word came: a guess of what was asked is then no reason to charge it."""
    return state.error is not None and state.length == 0 and bool(usage.get("estimated"))


def _guess(conn: Connection, state: StreamState, bill: _Bill) -> dict[str, Any] | None:
    """Estimate what an answer took that its process could not close; None where no provider was asked."""
    if state.epoch == 0:
        return None
    asked = _asked(conn, state, bill)
    if asked is None:
        return None
    written = written_of(conn, [state.id])[state.id].text
    return {"input_tokens": _tokens(asked), "output_tokens": _tokens(written), "estimated": True}


def _asked(conn: Connection, state: StreamState, bill: _Bill) -> str | None:
    """Give the text that the provider was sent; None for what somebody's own generator feeds."""
    if state.request is not None:
        return (state.request.get("system") or "") + str(state.request.get("prompt") or "")
    if bill.conversation_id is None:
        return None
    line = line_to(messages.c.id == bill.parent_id)
    history = fetch(conn, select(messages).where(messages.c.seq.in_(select(line.c.seq))))
    conversation = conversations.get(conn, bill.conversation_id)
    system = (conversation.system if conversation else None) or ""
    return system + "".join(message.text for message in history)


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_A_TOKEN)
