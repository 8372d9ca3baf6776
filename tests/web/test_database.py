"""Migrations: they make the very tables of the code, once, however many start at the same time."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, create_engine, inspect, text

from chat.config import Settings, SettingsError
from chat.store.migrating import engine_to_migrate
from chat.store.revisions import MIGRATIONS, known, newest
from chat.store.tables import metadata
from chat.web.database import db, install, migrate
from tests.server import ROOT, free_port

MIGRATE = """
import sys
from chat.config import Settings
from chat.web.database import migrate
print(migrate(Settings(_env_file=None, database_url=sys.argv[1], secret_key="for one test")))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/chat.sqlite3"
    found: str = request.getfixturevalue("postgres_url")
    return found


def settings_of(url: str) -> Settings:
    told: dict[str, Any] = {"database_url": url, "secret_key": "for one test"}
    return Settings(_env_file=None, **told)


def opened(url: str) -> Engine:
    return install(Flask("one"), settings_of(url))


def test_migrated_tables_are_those_of_the_code(url: str) -> None:
    migrate(settings_of(url))
    with opened(url).connect() as connection:
        told = {"compare_type": True, "include_name": is_ours}
        context = MigrationContext.configure(connection, opts=told)
        assert compare_metadata(context, metadata) == []


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the indexes of words: they are made by hand, other ones in each kind of database."""
    return not (
        kind == "table" and re.fullmatch("(search|passage_index)(_(data|idx|content|config))?", name or "")
    )


def test_it_says_what_it_did(url: str) -> None:
    assert migrate(settings_of(url)) == f"The database was empty, and is at {newest()} now."
    assert migrate(settings_of(url)) == f"The database is up to date, at {newest()}."


def test_the_revisions_are_those_that_alembic_knows_in_its_order() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    assert [script.revision for script in scripts] == known()[::-1]


def test_a_start_that_has_nothing_to_move_loads_no_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chat.sqlite3"
    migrate(settings_of(url))
    program = MIGRATE + "print('alembic' in sys.modules, 'flask_migrate' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program, url], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.splitlines()[1:] == ["False False"], run.stderr


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "chat.sqlite3"
    opened(f"sqlite:///{file}").dispose()
    before = file.read_bytes()
    opened(f"sqlite:///{file}").dispose()
    assert file.read_bytes() == before


def test_six_at_once_all_succeed(url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, url]
    starting = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    said = [process.communicate() for process in starting]
    assert [process.returncode for process in starting] == [0] * 6, said
    assert sum("was empty" in out for out, _ in said) == 1
    with opened(url).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_down_and_up_again(url: str) -> None:
    migrate(settings_of(url))
    app = Flask("one")
    install(app, settings_of(url))
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
        upgrade()
        assert set(metadata.tables) <= set(inspect(db.engine).get_table_names())


def test_a_server_whose_database_is_behind_says_so(postgres_url: str) -> None:
    with pytest.raises(SettingsError, match=r"the database is empty, and this program needs .* chat migrate"):
        opened(postgres_url)
    migrate(settings_of(postgres_url))
    with create_engine(postgres_url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(SettingsError, match="the database is at 0001"):
        opened(postgres_url)


def test_a_server_that_is_being_replaced_starts_on_newer_tables(postgres_url: str) -> None:
    migrate(settings_of(postgres_url))
    with create_engine(postgres_url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of tomorrow'"))
    opened(postgres_url)


def test_a_database_that_is_away_holds_up_no_start() -> None:
    away = f"postgresql+psycopg://me:hidden@127.0.0.1:{free_port()}/none"
    opened(away)
    with pytest.raises(SettingsError, match=r"cannot migrate.*refused") as told:
        migrate(settings_of(away))
    assert "hidden" not in str(told.value)


def test_moving_a_table_deletes_nothing_that_refers_to_it(tmp_path: Path) -> None:
    engine = opened(f"sqlite:///{tmp_path}/chat.sqlite3")
    with engine_to_migrate(engine.url).begin() as connection:
        connection.execute(text("CREATE TABLE a (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE b (a INTEGER REFERENCES a ON DELETE CASCADE)"))
        connection.execute(text("INSERT INTO a VALUES (1)"))
        connection.execute(text("INSERT INTO b VALUES (1)"))
        connection.execute(text("DROP TABLE a"))
        assert connection.execute(text("SELECT count(*) FROM b")).scalar_one() == 1
