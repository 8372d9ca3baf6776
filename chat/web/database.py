"""The database as Flask's extensions see it: the engine, the tables, and their migrations."""

from pathlib import Path

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Engine

from chat.store.migrating import alone
from chat.store.sqlite import prepare
from chat.store.tables import metadata

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"

db = SQLAlchemy(metadata=metadata)
migrate = Migrate(db=db, directory=str(MIGRATIONS))


def install(app: Flask, sqlite_file: Path) -> Engine:
    """Open the file, bring its tables up to date, and give the engine to read with.

    Harmless when several processes do it at once.
    """
    sqlite_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people wrote is theirs
    app.config["SQLALCHEMY_DATABASE_URI"] = URL.create("sqlite", database=str(sqlite_file))
    db.init_app(app)
    migrate.init_app(app, db)
    with app.app_context(), alone(sqlite_file):
        engine = prepare(db.engine)
        bring_up_to_date(engine)
    return engine


def bring_up_to_date(engine: Engine) -> None:
    """Apply the migrations that are missing, if any. Needs an app context."""
    config = migrate.get_config()
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present != newest:
        command.upgrade(config, "head")
