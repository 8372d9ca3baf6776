"""What tests of the store may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.talk import Talk


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """A conversation of Ada's on a real SQLite file."""
    with Talk(tmp_path) as talk:
        yield talk
