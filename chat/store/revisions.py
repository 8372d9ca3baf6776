"""Which revision the tables of a database are at, and which one this program is written for."""

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from chat.store.migrating import engine_to_migrate

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


class Outdated(Exception):
    """The tables are older than this program; the message says so, and what to do."""


def newest() -> str | None:
    """Name the revision that this program is written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def revision_of(engine: Engine) -> str | None:
    """Name the revision of a database; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check(url: str) -> None:
    """Look whether the tables are as new as this program. Raises Outdated, and what the database raises.

    Newer ones are left alone: a release that is being replaced may still have to start a worker.
    """
    present, needed = revision_of(engine_to_migrate(url)), newest()
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if present is None or (present in known and present != needed):
        raise Outdated(
            f"the database is {f'at {present}' if present else 'empty'}, and this program needs {needed}: "
            "run `python -m chat migrate` first"
        )
