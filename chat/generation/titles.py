"""Titles: a conversation gets one after its first answer, from the provider or from its first words."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import gevent
import structlog
from gevent.lock import BoundedSemaphore

from chat.core.lifecycle import Status
from chat.core.naming import clean_title, first_words, is_enough, title_messages
from chat.generation.providers.types import (
    Aborted,
    Ask,
    Delta,
    Provider,
    ProviderError,
    Usage,
    estimate_usage,
)
from chat.store import conversations, messages
from chat.store.budgets import Budgets, BudgetUsedUp
from chat.store.transaction import Store, Transaction

log = structlog.get_logger()

PAUSE_S = 2.0  # after the answer: whoever asks on is served first
PATIENCE_S = 30.0  # for the whole title
AT_ONCE = 4  # titles that are asked for side by side

Charge = Callable[[Transaction, str, str, dict[str, Any]], None]  # (transaction, person, model, usage)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The first question of a conversation without a title, and its answer."""

    conversation_id: str
    question: str
    answer: str
    model: str | None
    asked_by: str | None
    may_cost: bool  # whoever asked has something left of the day's budget


class Titles:
    """Names conversations. Nobody waits for it, and what fails leaves the first words."""

    def __init__(
        self,
        store: Store,
        provider: Provider,
        *,
        by_model: bool,
        model: str | None = None,
        budgets: Budgets,
        charge: Charge,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._store = store
        self._provider = provider
        self._by_model = by_model
        self._model = model
        self._budgets = budgets
        self._charge = charge
        self._pause_s = pause_s
        self._turns = BoundedSemaphore(AT_ONCE)

    def ended(self, stream_id: str, status: Status) -> None:
        """Hear that an answer ended here; returns at once."""
        if status is Status.DONE:
            gevent.spawn_later(self._pause_s, self._name_later, stream_id)

    def _name_later(self, stream_id: str) -> None:
        try:
            with self._turns:
                self.name(stream_id)
        except Exception:
            log.exception("a conversation got no title", stream=stream_id)

    def name(self, stream_id: str) -> None:
        """Give the conversation of this answer a title, if it has none and this is how it begins."""
        exchange = self._exchange(stream_id)
        if exchange is None:
            return
        said, usage = self._ask(exchange) if self._by_model and exchange.may_cost else ("", None)
        title = clean_title(said) or first_words(exchange.question)
        if title is None:
            return

        def write(tx: Transaction) -> None:
            conversations.name(tx, exchange.conversation_id, title)
            if usage is not None and exchange.asked_by:
                self._charge(tx, exchange.asked_by, self._model_for(exchange), asdict(usage))

        self._store.write(write)

    def _exchange(self, stream_id: str) -> Exchange | None:
        def look(conn: Any) -> Exchange | None:
            answer = messages.by_stream(conn, stream_id)
            found = conversations.get(conn, answer.conversation_id) if answer else None
            if answer is None or found is None or found.title is not None or found.demo:
                return None
            asked = messages.history(conn, answer)
            if len(asked) != 1:
                return None
            may_cost = self._may_cost(conn, answer.asked_by)
            return Exchange(found.id, asked[0].text, answer.text, answer.model, answer.asked_by, may_cost)

        return self._store.read(look)

    def _may_cost(self, conn: Any, person_id: str | None) -> bool:
        try:
            if person_id is not None:
                self._budgets.check(conn, person_id)
        except BudgetUsedUp:
            return False
        return True

    def _model_for(self, exchange: Exchange) -> str:
        return self._model or exchange.model or self._provider.default_model

    def _ask(self, exchange: Exchange) -> tuple[str, Usage | None]:
        """Ask the provider; what it said until it was enough, and what that took. Never raises."""
        ask = Ask(title_messages(exchange.question, exchange.answer), self._model_for(exchange))
        answer, said, usage = self._provider.open(ask), "", None
        watchdog = gevent.spawn_later(PATIENCE_S, answer.close)
        try:
            for item in answer:
                if isinstance(item, Delta):
                    said += item.text
                    if is_enough(said):
                        break
                elif isinstance(item, Usage):
                    usage = item
        except (ProviderError, Aborted) as problem:
            log.info("the provider made no title", reason=str(problem) or "it took too long")
            said = ""
        except Exception:
            log.exception("the provider made no title")
            said = ""
        finally:
            watchdog.kill(block=False)
            answer.close()
        return said, usage or (estimate_usage(ask, said) if said else None)
