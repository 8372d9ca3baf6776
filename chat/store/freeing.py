"""Freeing what a process that died held, from outside: gunicorn's master does it for its workers."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, create_engine, delete, insert, make_url, select, update
from sqlalchemy.pool import NullPool

from chat.core.documents.status import DocumentStatus
from chat.core.lifecycle import Status
from chat.store.census import UNFINISHED
from chat.store.document_tables import documents
from chat.store.documents import READERS
from chat.store.moves import ENGINES, LOCK_ORDER
from chat.store.presence import topic_of
from chat.store.reading_queue import ON_ITS_WAY
from chat.store.sqlite import prepare
from chat.store.tables import presence, rings, streams

PATIENCE_S = 1  # the master has workers to start; where this fails the lease runs out by itself


@dataclass(frozen=True, slots=True)
class Freed:
    """What a dead process held: how many answers, and the bells of all who want to know that it does not."""

    answers: int
    topics: tuple[str, ...]


def free(database_url: str, owner_prefix: str) -> Freed:
    """Let go of the answers that owners whose name begins so still hold, and of who was connected to them.

    Over a connection of its own, closed at once. Raises what the database raises.
    """
    engine = _connected(database_url)
    try:
        with engine.begin() as connection:
            answers = _free_answers(connection, owner_prefix)
            claims = _free_documents(connection, owner_prefix)
            left = _empty_seats(connection, owner_prefix)
            topics = (*((ENGINES,) if answers else ()), *((READERS,) if claims else ()), *left)
            if topics and engine.dialect.name == "sqlite":  # where the file itself carries the rings
                connection.execute(insert(rings).values(ringer=owner_prefix, topics="\n".join(topics)))
            return Freed(answers, topics)
    finally:
        engine.dispose()


def _free_answers(connection: Connection, owner_prefix: str) -> int:
    of_theirs = streams.c.owner.startswith(owner_prefix, autoescape=True)
    theirs = UNFINISHED & (streams.c.status == Status.STREAMING) & of_theirs
    held = select(streams.c.id).where(theirs).order_by(*LOCK_ORDER).with_for_update(key_share=True)
    connection.execute(held).all()
    return connection.execute(update(streams).where(theirs).values(lease_until=None)).rowcount


def _free_documents(connection: Connection, owner_prefix: str) -> int:
    """Let others read what a dead process read; that it was tried is still counted."""
    of_theirs = documents.c.reader.startswith(owner_prefix, autoescape=True)
    theirs = ON_ITS_WAY & (documents.c.status == DocumentStatus.READING) & of_theirs
    return connection.execute(update(documents).where(theirs).values(reading_until=None)).rowcount


def _empty_seats(connection: Connection, owner_prefix: str) -> list[str]:
    """Forget who was connected to a dead process; name the bells of those who show it."""
    of_theirs = delete(presence).where(presence.c.process.startswith(owner_prefix, autoescape=True))
    found = connection.execute(of_theirs.returning(presence.c.conversation_id)).scalars()
    return [topic_of(conversation_id) for conversation_id in found]


def _connected(database_url: str) -> Engine:
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool)
        return prepare(engine, busy_ms=PATIENCE_S * 1000, begin="BEGIN IMMEDIATE")
    limits = f"-c statement_timeout={PATIENCE_S}s -c lock_timeout={PATIENCE_S}s"
    how = {"connect_timeout": PATIENCE_S, "options": limits}
    return create_engine(url, poolclass=NullPool, connect_args=how)
