"""What tests of the terminal may ask for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.person import Person
from tests.terminal.calling import Terminal
from tests.upstream import Upstream

Hold = Callable[..., None]


@pytest.fixture
def terminal(person: Person, tmp_path: Path) -> Terminal:
    """Ada's terminal, where nothing was typed yet."""
    return Terminal.of(person, tmp_path)


@pytest.fixture
def hold(standing_upstream: Upstream) -> Iterator[Hold]:
    """Let a model say no more than so many characters, or with `None` the rest; in the end, all of it."""
    held: set[str] = set()

    def hold(characters: int | None, model: str) -> None:
        if characters is None:
            standing_upstream.let_go(model)
        else:
            held.add(model)
            standing_upstream.hold(characters, model)

    yield hold
    for model in held:
        standing_upstream.let_go(model)
