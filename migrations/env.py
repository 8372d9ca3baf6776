"""How Alembic reaches the database: the app's own address and tables, an engine made for moving tables."""

from alembic import context
from flask import current_app

from chat.store.migrating import engine_to_migrate

database = current_app.extensions["migrate"].db
options = {"target_metadata": database.metadata, "render_as_batch": True, "compare_type": True}


def migrate_online() -> None:
    """Apply what is missing; all of it, or nothing."""
    with engine_to_migrate(database.engine.url).connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()


def print_sql() -> None:
    """Say what would be done (`flask db upgrade --sql`)."""
    context.configure(url=database.engine.url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_sql()
else:
    migrate_online()
