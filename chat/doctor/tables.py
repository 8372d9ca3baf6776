"""The tables: at which revision they are, and which one this program needs."""

from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from chat.doctor.finding import Finding, ok, one_line, warning, wrong
from chat.store.migrating import engine_to_migrate
from chat.store.revisions import Outdated, check, newest, revision_of

MIGRATE = "Run `python -m chat migrate` before the new release starts."


def examine(database_url: str, *, migrates_itself: bool) -> Iterator[Finding]:
    """Compare the database's revision with ours."""
    try:
        present = revision_of(engine_to_migrate(database_url))
        check(database_url)
    except Outdated as outdated:
        if migrates_itself:
            yield ok(
                "migrations", "some are missing; the next start, or `python -m chat migrate`, applies them."
            )
        else:
            yield wrong("migrations", f"{outdated}.", MIGRATE)
    except DBAPIError as error:
        yield wrong(
            "migrations", f"cannot be read: {one_line(error.orig)}.", "See what is said of the database."
        )
    else:
        if present == newest():
            yield ok("migrations", f"up to date, at {present}.")
        else:
            yield warning(
                "migrations",
                f"the database is at {present}, which this program does not know.",
                "A newer release has been here: start that one, or restore the backup from before it.",
            )
