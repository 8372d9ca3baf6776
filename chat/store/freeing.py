"""Freeing the leases of a process that died, from outside: gunicorn's master does it for its workers."""

from sqlalchemy import Engine, create_engine, insert, make_url, update
from sqlalchemy.pool import NullPool

from chat.core.lifecycle import Status
from chat.store.census import UNFINISHED
from chat.store.moves import ENGINES
from chat.store.sqlite import prepare
from chat.store.tables import rings, streams

PATIENCE_S = 1  # the master has workers to start; where this fails the lease runs out by itself


def free(database_url: str, owner_prefix: str) -> int:
    """Let go of all that owners whose name begins so still hold; return of how many streams.

    Over a connection of its own, closed at once. Raises what the database raises.
    """
    engine = _connected(database_url)
    of_theirs = streams.c.owner.startswith(owner_prefix, autoescape=True)
    theirs = UNFINISHED & (streams.c.status == Status.STREAMING) & of_theirs
    try:
        with engine.begin() as connection:
            freed = connection.execute(update(streams).where(theirs).values(lease_until=None)).rowcount
            if freed and engine.dialect.name == "sqlite":  # where the file itself carries the rings
                connection.execute(insert(rings).values(ringer=owner_prefix, topics=ENGINES))
            return freed
    finally:
        engine.dispose()


def _connected(database_url: str) -> Engine:
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool)
        return prepare(engine, busy_ms=PATIENCE_S * 1000, begin="BEGIN IMMEDIATE")
    limits = f"-c statement_timeout={PATIENCE_S}s -c lock_timeout={PATIENCE_S}s"
    how = {"connect_timeout": PATIENCE_S, "options": limits}
    return create_engine(url, poolclass=NullPool, connect_args=how)
