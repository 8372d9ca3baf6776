"""Somebody who has all the texts in their library, in a real database, read as the server reads them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import gevent
from sqlalchemy import create_engine, select

from chat.core.tally import Tally
from chat.extraction.limits import Limits
from chat.generation import clock, extracting
from chat.generation.reading import Reading
from chat.live.bell import LocalBell
from chat.store import conversations, documents, postgres, sqlite
from chat.store.documents import Allowed
from chat.store.people import Person
from chat.store.postgres import PostgresStore
from chat.store.sqlite import SqliteStore
from chat.store.tables import metadata, people
from chat.store.transaction import Store
from evals.corpus import texts

READER = Person("reader", "Reader")
PATIENCE_S = 60.0  # for a text to be read
STEP_S = 0.05


class NotEmpty(Exception):
    """Somebody has this database already: nothing is measured there, and nothing of ours is left in it."""


@contextmanager
def open_library(url: str) -> Iterator[tuple[Store, str]]:
    """Fill an empty database with the texts; give its store, and a conversation that draws on them.

    Raises NotEmpty.
    """
    store = _open(url)
    try:
        store.write(lambda tx: metadata.create_all(tx.conn))
        if store.read(lambda conn: conn.execute(select(people.c.id).limit(1)).all()):
            raise NotEmpty
        reading = _reading(store)
        for name, original in texts().items():  # one after another: the same numbers each time
            _add(store, name, original)
            reading.look()
            _wait(store)
        begun = store.write(partial(conversations.create, owner=READER, now=clock.wall()))
        yield store, begun.id
    finally:
        store.close()


def _open(url: str) -> Store:
    ring: Callable[[set[str]], None] = lambda topics: None  # noqa: E731
    if url.startswith("sqlite:"):
        return SqliteStore(sqlite.prepare(create_engine(url)), ring)
    return PostgresStore(postgres.prepare(create_engine(url, **postgres.engine_options(2))), ring)


def _add(store: Store, name: str, original: bytes) -> None:
    now = clock.wall()
    fields: dict[str, Any] = {"conversation_id": None, "name": f"{name}.md", "kind": "markdown"}
    begin = partial(documents.begin, owner=READER, size=len(original), now=now, limits=Allowed(), **fields)
    made = store.write(begin)
    for number, at in enumerate(range(0, len(original), documents.PIECE_BYTES), 1):
        piece = original[at : at + documents.PIECE_BYTES]
        store.write(partial(documents.put_piece, document_id=made.id, number=number, data=piece, now=now))
    store.write(partial(documents.arrived, document_id=made.id, now=now))


def _reading(store: Store) -> Reading:
    return Reading(
        store,
        LocalBell(),
        extracting.read,
        reader=lambda: "evals",
        is_dead=lambda reader: False,
        now=clock.wall,
        clock=clock.monotonic,
        limits=Limits(),
        tally=Tally(),
    )


def _wait(store: Store) -> None:
    """Wait until all is read. Raises TimeoutError where something is not, and says what."""
    until = clock.monotonic() + PATIENCE_S
    while unread := [one for one in _all(store) if one.status != "ready"]:
        if clock.monotonic() > until or any(one.status == "failed" for one in unread):
            raise TimeoutError([(one.name, one.status, one.error) for one in unread])
        gevent.sleep(STEP_S)


def _all(store: Store) -> list[documents.Document]:
    return store.read(partial(documents.page_of, owner_id=READER.id, limit=100))[0]
