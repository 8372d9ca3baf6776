"""The scripted provider in a process of its own, as rows speak to it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from tests.scripted import Script, tokens_of
from tests.server import ROOT, die_with_parent


@dataclass(frozen=True)
class Request:
    """One question as the provider saw it; times are time.time's."""

    at: float
    kept: str  # of a cut answer, what it was asked to go on with
    misfit: bool
    sent: list[float]  # when each token went out
    ends: list[int]  # and how many characters of the answer had been sent with it
    complete: bool

    def characters_sent(self, before: float) -> int:
        """Count what had gone out by then, of the whole answer."""
        number = sum(moment < before for moment in self.sent)
        return self.ends[number - 1] if number else len(self.kept)

    def sent_beyond(self, characters: int) -> float | None:
        """Say when the first token beyond this place went out; None: it never did."""
        return next((at for at, end in zip(self.sent, self.ends, strict=False) if end > characters), None)


class Provider:
    """What a row may tell it and ask it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._address = url.removesuffix("/v1")
        self._scripts: dict[str, Script] = {}

    def script(self, model: str, **script: Any) -> None:
        """Say how it answers questions for this model."""
        self._scripts[model] = Script(**script)
        answer = requests.post(f"{self._address}/scripts", json={"model": model, **script}, timeout=10)
        answer.raise_for_status()

    def requests_for(self, model: str) -> list[Request]:
        """Give the questions that came for this model, the first one first."""
        found = requests.get(f"{self._address}/log/{model}", timeout=10).json()["requests"]
        return [self._request(model, seen) for seen in found]

    def count(self, model: str) -> int:
        return len(requests.get(f"{self._address}/log/{model}", timeout=10).json()["requests"])

    def forget(self) -> None:
        """Forget all questions; the scripts stay."""
        requests.delete(f"{self._address}/log", timeout=10).raise_for_status()

    def _request(self, model: str, seen: dict[str, Any]) -> Request:
        script = self._scripts[model]
        whole, told = "".join(tokens_of(script)), len(seen["kept"])
        ends, end = [], told
        for token in tokens_of(Script(text=whole, told=told)):
            end += len(token)
            ends.append(end)
        sent = seen["sent"][1 : 1 + len(ends)]  # the first event has no text, the last ones neither
        return Request(seen["at"], seen["kept"], seen["misfit"], sent, ends, seen["complete"])


@contextmanager
def running() -> Iterator[Provider]:
    """Start it; it is gone afterwards."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.upstream"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent
    ) as process:
        try:
            assert process.stdout is not None
            yield Provider(process.stdout.readline().strip())
        finally:
            process.kill()
