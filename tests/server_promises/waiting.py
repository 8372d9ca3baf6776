"""Waiting for what must become true within a bound."""

import time
from collections.abc import Callable
from typing import Any

from tests.patience import PATIENCE_S
from tests.person import Person


def until(true: Callable[[], Any], seconds: float = PATIENCE_S, every: float = 0.02) -> Any:
    """Ask again and again until it is true; fails the test when it never is. Returns what was true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(every)
    return found


def until_status(
    person: Person, stream_id: str, *statuses: str, seconds: float = PATIENCE_S, every: float = 0.02
) -> dict[str, Any]:
    """Wait until a stream is in one of these statuses; returns its state."""
    state: dict[str, Any] = {}

    def reached() -> bool:
        state.update(person.state(stream_id))
        return state["status"] in statuses

    until(reached, seconds, every)
    return state


def whole_characters(data: bytes) -> bytes:
    """Cut off what of a character came without its rest."""
    return data.decode(errors="ignore").encode()
