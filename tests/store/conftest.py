"""What tests of the store may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.talk import Talk


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: an SQLite file, and then PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/talk.sqlite3"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def talk(database_url: str) -> Iterator[Talk]:
    """A conversation of Ada's in a real database."""
    with Talk(database_url) as talk:
        yield talk
