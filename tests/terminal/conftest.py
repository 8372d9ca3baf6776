"""What tests of the terminal may ask for."""

from pathlib import Path

import pytest

from tests.person import Person
from tests.terminal.calling import Terminal


@pytest.fixture
def terminal(person: Person, tmp_path: Path) -> Terminal:
    """Ada's terminal, where nothing was typed yet."""
    return Terminal.of(person, tmp_path)
