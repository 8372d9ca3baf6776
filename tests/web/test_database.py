"""Migrations: they make the very tables of the code, once, however many start at the same time."""

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from chat.store.migrating import engine_to_migrate
from chat.store.tables import metadata
from chat.web.database import db, install
from tests.server import ROOT

START = """
import sys, pathlib, flask
from chat.web.database import install
install(flask.Flask("one"), pathlib.Path(sys.argv[1]))
"""


def test_migrated_tables_are_those_of_the_code(tmp_path: Path) -> None:
    engine = install(Flask("one"), tmp_path / "new" / "chat.sqlite3")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "chat.sqlite3"
    install(Flask("one"), file).dispose()
    before = file.read_bytes()
    install(Flask("two"), file).dispose()
    assert file.read_bytes() == before


def test_six_at_once_all_succeed(tmp_path: Path) -> None:
    file = tmp_path / "chat.sqlite3"
    command = [sys.executable, "-c", START, str(file)]
    starting = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(6)]
    errors = [process.communicate(timeout=90)[1] for process in starting]
    assert [process.returncode for process in starting] == [0] * 6, errors
    with install(Flask("one"), file).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_down_and_up_again(tmp_path: Path) -> None:
    app = Flask("one")
    install(app, tmp_path / "chat.sqlite3")
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
        upgrade()
        assert set(metadata.tables) <= set(inspect(db.engine).get_table_names())


def test_moving_a_table_deletes_nothing_that_refers_to_it(tmp_path: Path) -> None:
    engine = install(Flask("one"), tmp_path / "chat.sqlite3")
    with engine_to_migrate(engine.url).begin() as connection:
        connection.execute(text("CREATE TABLE a (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE b (a INTEGER REFERENCES a ON DELETE CASCADE)"))
        connection.execute(text("INSERT INTO a VALUES (1)"))
        connection.execute(text("INSERT INTO b VALUES (1)"))
        connection.execute(text("DROP TABLE a"))
        assert connection.execute(text("SELECT count(*) FROM b")).scalar_one() == 1
