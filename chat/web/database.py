"""The database as Flask's extensions see it: the engine, the tables, and their migrations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError

from chat.config import Settings, SettingsError
from chat.store import document_tables, postgres, sqlite
from chat.store.migrating import alone, alone_on_server, engine_to_migrate
from chat.store.revisions import MIGRATIONS, Unusable, newest, revision_of
from chat.store.revisions import check as check_revision

if TYPE_CHECKING:
    from flask_migrate import Migrate

log = structlog.get_logger()

db = SQLAlchemy(metadata=document_tables.documents.metadata)  # all tables, for these know the others


def install(app: Flask, settings: Settings) -> Engine:
    """Give the engine to work with. An SQLite file is brought up to date here; PostgreSQL is only looked at.

    Harmless when several processes do it at once. Raises SettingsError as `check` does.
    """
    _connect(app, settings)
    if settings.on_sqlite:
        bring_up_to_date(app, settings)
    else:
        check(settings)
    with app.app_context():
        return sqlite.prepare(db.engine) if settings.on_sqlite else postgres.prepare(db.engine)


def check(settings: Settings) -> None:
    """Raise SettingsError when PostgreSQL's tables are older than this program.

    One that cannot be reached is no reason not to start: it may be restarting just when a worker is replaced,
    and a worker that does not start takes down with it all that the others hold.
    """
    try:
        check_revision(settings.database_url)
    except Unusable as reason:
        raise SettingsError(f"Headwater cannot start: {reason}.") from reason
    except DBAPIError as error:
        log.warning("the database cannot be reached; until then questions get 503", error=_reason(error))


def migrate(settings: Settings) -> str:
    """Bring the tables up to date, whoever else does so at this moment, and say in a sentence what was done.

    Raises SettingsError, with words for people, when the database cannot be reached or refuses.
    """
    app = Flask("migrate")
    _connect(app, settings)
    try:
        before, after = bring_up_to_date(app, settings)
    except DBAPIError as error:
        raise SettingsError(f"Headwater cannot migrate: DATABASE_URL: {_reason(error)}") from error
    if before == after:
        return f"The database is up to date, at {after}."
    return f"The database was {f'at {before}' if before else 'empty'}, and is at {after} now."


def bring_up_to_date(app: Flask, settings: Settings) -> tuple[str | None, str | None]:
    """Apply the migrations that are missing, if any; give the revisions before and after."""
    url = settings.database_url
    with app.app_context(), alone(settings.sqlite_path) if settings.on_sqlite else alone_on_server(url):
        engine = engine_to_migrate(url)
        before = revision_of(engine)
        if before != newest():
            from alembic import command  # late, see chat/store/revisions.py

            command.upgrade(_attach_migrations(app).get_config(), "head")
        return before, revision_of(engine)


def _connect(app: Flask, settings: Settings) -> None:
    options: dict[str, Any] = {}
    if settings.on_sqlite:  # what people wrote is theirs alone
        settings.sqlite_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        options = postgres.engine_options(settings.database_connections)
    app.config["SQLALCHEMY_DATABASE_URI"] = make_url(settings.database_url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    if "flask_migrate" in sys.modules:  # who has loaded it, like `flask db`, is going to use it
        _attach_migrations(app)


def _attach_migrations(app: Flask) -> Migrate:
    from flask_migrate import Migrate

    return Migrate(app, db, directory=str(MIGRATIONS))


def _reason(error: DBAPIError) -> str:
    """Say in one line what the database, or the way to it, has against it; it names no password."""
    return " ".join(str(error.orig).split())
