"""What tests of the store may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from chat import addresses
from chat.store import postgres
from chat.store.tables import metadata
from tests.patience import PATIENCE_S
from tests.services import fresh_database
from tests.store.talk import Talk


@pytest.fixture(autouse=True)
def _patience_with_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be told to come back because a busy machine kept them: how long one waits is not tested."""
    for name in ("TURN_S", "HANG_S"):
        monkeypatch.setattr(postgres, name, PATIENCE_S)
    for name in ("lock_timeout", "statement_timeout"):
        monkeypatch.setitem(postgres.SESSION, name, f"{PATIENCE_S:g}s")


@pytest.fixture(scope="session")
def _with_tables(_standing_postgres: str) -> Iterator[str]:
    """Name a database that has all tables and no rows: to copy it is quicker than to make them each time."""
    with fresh_database(_standing_postgres) as url:
        engine = create_engine(addresses.database(url))
        metadata.create_all(engine)
        engine.dispose()  # nobody may be in what is copied
        yield url.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without rows: an SQLite file, and then PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/talk.sqlite3"
        return
    standing, like = (request.getfixturevalue(name) for name in ("_standing_postgres", "_with_tables"))
    with fresh_database(standing, like) as url:
        yield addresses.database(url)


@pytest.fixture
def talk(database_url: str) -> Iterator[Talk]:
    """A conversation of Ada's in a real database."""
    with Talk(database_url) as talk:
        yield talk
