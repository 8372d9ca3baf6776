"""A provider that asks the scripted upstream over a real socket, and what it is asked with."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import gevent
import pytest

from chat.generation.providers.openai import OpenAIProvider
from chat.generation.providers.types import (
    Ask,
    Delta,
    Finished,
    Item,
    Patience,
    ProviderError,
    Reasoning,
    Usage,
)
from tests.patience import PATIENCE_S
from tests.upstream import Upstream

KEY = "sk-headwater-secret"
# A machine that stands still for a moment is no silent server.
PATIENT = Patience(connect_s=PATIENCE_S, first_token_s=PATIENCE_S, idle_s=PATIENCE_S, settle_s=PATIENCE_S)
SOON_SILENT = {  # what of an answer is waited for briefly, by the model that never says it
    "stall": replace(PATIENT, idle_s=1),
    "silent": replace(PATIENT, first_token_s=2),
    "no-headers": replace(PATIENT, first_token_s=2),
    "comments": replace(PATIENT, first_token_s=2),
}

MakeProvider = Callable[..., OpenAIProvider]


@dataclass
class Heard:
    """All that one answer brought."""

    items: list[Item]
    problem: ProviderError | None = None

    @property
    def text(self) -> str:
        return "".join(item.text for item in self.items if isinstance(item, Delta))

    @property
    def thought(self) -> str:
        return "".join(item.text for item in self.items if isinstance(item, Reasoning))

    @property
    def finish(self) -> str | None:
        last = self.items[-1] if self.items else None
        return last.reason if isinstance(last, Finished) else None

    @property
    def usage(self) -> Usage | None:
        return next((item for item in self.items if isinstance(item, Usage)), None)

    @property
    def code(self) -> str | None:
        return self.problem.code if self.problem else None


def hear(answer: Iterable[Item]) -> Heard:
    """Listen to the end, whatever it is; what came before a failure is kept."""
    heard = Heard([])
    try:
        for item in answer:
            heard.items.append(item)
    except ProviderError as problem:
        heard.problem = problem
    return heard


@pytest.fixture
def make_provider(upstream: Upstream) -> MakeProvider:
    """Make a provider that asks the upstream; what it should do differently may be given."""

    def make(**different: Any) -> OpenAIProvider:
        usual: dict[str, Any] = {
            "key": KEY,
            "address": upstream.url,
            "default_model": "plain",
            "patience": PATIENT,
            "now": time.monotonic,
            "sleep": lambda seconds: gevent.sleep(min(seconds, 0.05)),
        }
        return OpenAIProvider(**(usual | different))

    return make


@pytest.fixture
def ask(make_provider: MakeProvider) -> Callable[[str], Heard]:
    """Ask a model and hear its whole answer; one that falls silent is not waited for long."""
    patient = make_provider()

    def ask(model: str) -> Heard:
        patience = SOON_SILENT.get(model.partition(";")[0])
        provider = make_provider(patience=patience) if patience else patient
        return hear(provider.open(question(model)))

    return ask


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait a moment for what another greenlet has to do first."""
    until = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < until:
        gevent.sleep(0.005)
    return holds()


def question(model: str | None = None, text: str = "Well?") -> Ask:
    return Ask([{"role": "user", "content": text}], model)
