"""What a stream's answer is asked with: the history of its message, always from the store."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chat.core.lifecycle import is_streaming
from chat.core.prompt import Prefill, Turn, build, continuation, request_fields, without_repeated
from chat.generation.engine import NoSource
from chat.generation.providers.types import Answer, Ask, Delta, Item, Provider, estimate_usage
from chat.generation.refusal import Refused
from chat.store.briefing import briefing_of
from chat.store.budgets import Budgets, BudgetUsedUp
from chat.store.stored import StreamState
from chat.store.transaction import Store

USED_UP = "Your budget of today is used up. It begins anew at midnight, UTC."


@dataclass(frozen=True, slots=True)
class Usual:
    """What a conversation is asked with that says nothing of its own."""

    system: str = ""
    temperature: float | None = None


class ProviderSource:
    """A provider's answer as the runner reads it."""

    def __init__(self, ask: Ask, answer: Answer, blank: str = "") -> None:
        self._ask = ask
        self._answer = answer
        self._blank = blank  # white space that is stored, and that the server was not told of

    def __iter__(self) -> Iterator[Item]:
        blank = self._blank
        for item in self._answer:
            if blank and isinstance(item, Delta):
                blank, text = without_repeated(blank, item.text)
                if text:
                    yield Delta(text)
                continue
            yield item

    def close(self) -> None:
        self._answer.close()

    def estimate(self, answered: str) -> dict[str, Any]:
        guess = estimate_usage(self._ask, answered)
        return {"input_tokens": guess.input_tokens, "output_tokens": guess.output_tokens, "estimated": True}


class Answers:
    """Opens the provider for a stream: one of a message, or one that carries its own request."""

    def __init__(
        self,
        store: Store,
        provider: Provider,
        prefill: Prefill | None = None,
        budgets: Budgets | None = None,
        usual: Usual | None = None,
    ) -> None:
        self._store = store
        self._provider = provider
        self._prefill = prefill
        self._budgets = budgets or Budgets()
        self._usual = usual or Usual()

    def open(self, state: StreamState, so_far: str) -> ProviderSource:
        """Prepare the answer of this stream, to go on after the text `so_far`. Raises NoSource, Refused."""
        if not is_streaming(state.status):  # one that changes hands was paid for when it began
            self._check_budget(state)
        ask, prefill = self._ask(state), self._prefill
        if not so_far.strip():
            return ProviderSource(ask, self._provider.open(ask))
        said = continuation(ask.messages, so_far, prefill)
        ask = Ask(said, ask.model, {**ask.fields, **request_fields(prefill)})
        blank = so_far[len(so_far.rstrip()) :] if prefill else ""
        return ProviderSource(ask, self._provider.open(ask), blank)

    def _check_budget(self, state: StreamState) -> None:
        try:
            self._store.read(lambda conn: self._budgets.check_stream(conn, state.id, state.created_by))
        except BudgetUsedUp as used_up:
            raise Refused("budget_used_up", USED_UP, used_up.wait_s) from used_up

    def _ask(self, state: StreamState) -> Ask:
        if state.request is not None:
            turns = [Turn("user", state.request["prompt"])]
            fields = _fields(state.request.get("temperature"))
            return Ask(build(state.request.get("system"), turns), state.request.get("model"), fields)

        brief = self._store.read(lambda conn: briefing_of(conn, state.id))
        if brief is None:
            raise NoSource(state.id)
        usual = self._usual
        temperature = usual.temperature if brief.temperature is None else brief.temperature
        return Ask(build(brief.system or usual.system, brief.turns), brief.model, _fields(temperature))


def _fields(temperature: float | None) -> dict[str, Any]:
    return {} if temperature is None else {"temperature": temperature}
