"""Which revision the tables of a database are at, and which one this program is written for.

Every start looks; only one that has something to move loads Alembic, which takes a sixth of a second.
"""

import re
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError

from chat.store.migrating import engine_to_migrate

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


# What a server says that is there and will not have us, today or tomorrow; in words, because a connection
# that never came about has no SQLSTATE. Where the server speaks another language we start, and answer 503.
FOR_GOOD = re.compile(
    r"password authentication failed|(role|database) .* does not exist|no pg_hba.conf entry"
    r"|not permitted to log in"
)


class Unusable(Exception):
    """This database is of no use to this program as it is; the message says why, and what to do."""


class Outdated(Unusable):
    """The tables are older than this program."""


class Refused(Unusable):
    """The server does not let us in."""


def known() -> list[str]:
    """Name all revisions of this program, the oldest first: each file's name begins with its own."""
    files = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def newest() -> str:
    """Name the revision that this program is written for."""
    return known()[-1]


def revision_of(engine: Engine) -> str | None:
    """Name the revision of a database; None when it is empty."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar_one_or_none()
        return found


def check(url: str) -> None:
    """Look whether the tables are as new as this program. Raises Unusable, and what the database raises.

    Newer ones are left alone: a release that is being replaced may still have to start a worker.
    """
    try:
        present, needed = revision_of(engine_to_migrate(url)), newest()
    except OperationalError as error:
        if refusal := FOR_GOOD.search(str(error.orig)):
            raise Refused(f"the database refuses: {refusal[0]}; look at DATABASE_URL") from error
        raise
    if present is None or (present in known() and present != needed):
        raise Outdated(
            f"the database is {f'at {present}' if present else 'empty'}, and this program needs {needed}: "
            "run `python -m chat migrate` first"
        )
