"""What a stream's answer is asked with: the history of its message, always from the store."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chat.core.lifecycle import is_streaming
from chat.core.prompt import (
    Fitted,
    Prefill,
    Room,
    Turn,
    build,
    continuation,
    request_fields,
    without_repeated,
)
from chat.generation.engine import NoSource
from chat.generation.generation import Source
from chat.generation.grounds import Finds, FindsNothing, Grounds
from chat.generation.late import LateSource, MayNote
from chat.generation.providers.types import Answer, Ask, Delta, Item, Provider, estimate_usage
from chat.generation.refusal import Refused
from chat.store.briefing import Briefing, briefing_of
from chat.store.budgets import Budgets, BudgetUsedUp
from chat.store.stored import StreamState
from chat.store.transaction import Store

USED_UP = "Your budget of today is used up. It begins anew at midnight, UTC."
PATIENCE_S = 7.0  # for what is looked for; then the answer does without


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
        *,
        room: Room | None = None,
        retrieval: Finds | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._store = store
        self._provider = provider
        self._prefill = prefill
        self._budgets = budgets or Budgets()
        self._usual = usual or Usual()
        self._grounds = Grounds(store, retrieval or FindsNothing(), room or Room())
        self._patience_s = patience_s

    def open(self, state: StreamState, so_far: str) -> Source:
        """Prepare the answer of this stream, to go on after the text `so_far`. Raises NoSource, Refused.

        `state` is the one before the claim; the answer is written in the next epoch.
        """
        if not is_streaming(state.status):  # one that changes hands was paid for when it began
            self._check_budget(state)
        if state.request is not None:
            return self._asked_alone(state.request, so_far)
        brief = self._store.read(lambda conn: briefing_of(conn, state.id))
        if brief is None:
            raise NoSource(state.id)
        return self._asked_in_conversation(brief, state.id, state.epoch + 1, so_far)

    def _check_budget(self, state: StreamState) -> None:
        try:
            self._store.read(lambda conn: self._budgets.check_stream(conn, state.id, state.created_by))
        except BudgetUsedUp as used_up:
            raise Refused("budget_used_up", USED_UP, used_up.wait_s) from used_up

    def _asked_alone(self, request: dict[str, Any], so_far: str) -> Source:
        turns = [Turn("user", request["prompt"])]
        fields = _fields(request.get("temperature"))
        ask = Ask(build(request.get("system"), turns), request.get("model"), fields, request["prompt"])
        return self._source(ask, so_far)

    def _asked_in_conversation(self, brief: Briefing, stream_id: str, epoch: int, so_far: str) -> Source:
        usual, grounds = self._usual, self._grounds
        temperature = usual.temperature if brief.temperature is None else brief.temperature
        brief = replace(brief, system=brief.system or usual.system, temperature=temperature)
        model = brief.model or self._provider.default_model

        def source(told: Fitted) -> Source:
            fields = _fields(temperature)
            ask = Ask(told.messages, brief.model, fields, told.question, told.sources, told.in_vain)
            return self._source(ask, so_far)

        def look(may_note: MayNote) -> Source:
            return source(grounds.lay(brief, stream_id, epoch, model, so_far, may_note))

        known = grounds.known(brief, model, so_far)
        if grounds.is_all(brief, known, epoch, so_far):
            return source(known)
        return LateSource(look, partial(source, known), self._patience_s)

    def _source(self, ask: Ask, so_far: str) -> Source:
        if not so_far.strip():
            return ProviderSource(ask, self._provider.open(ask))
        said = continuation(ask.messages, so_far, self._prefill)
        ask = replace(ask, messages=said, fields={**ask.fields, **request_fields(self._prefill)})
        blank = so_far[len(so_far.rstrip()) :] if self._prefill else ""
        return ProviderSource(ask, self._provider.open(ask), blank)


def _fields(temperature: float | None) -> dict[str, Any]:
    return {} if temperature is None else {"temperature": temperature}
