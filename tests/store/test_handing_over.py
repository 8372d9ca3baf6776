"""Handing over: who lets go of a stream stores all of its text, and nothing of it comes a second time."""

from collections.abc import Callable
from typing import Any

import gevent
from sqlalchemy import func, select

from chat.core.lifecycle import Status
from chat.store.streams import Batch, Streams
from chat.store.tables import chunks
from chat.store.transaction import Transaction
from tests.server_promises.waiting import until
from tests.store.talk import Talk


def test_a_batch_that_was_on_its_way_comes_too_late(talk: Talk) -> None:
    """It waits for its turn, or for the row, while the whole text is stored: on PostgreSQL."""

    def create(tx: Transaction) -> None:
        talk.streams.create(tx, "s", chunk_by="word")

    talk.store.write(create)
    talk.streams.claim("s", {Status.PENDING})
    talk.streams.append([Batch("s", 1, 0, "one ")])
    assert talk.streams.release("s", 1, text="one two ")
    assert talk.streams.append([Batch("s", 1, 4, "two ")]) == {"s"}
    stored = talk.streams.read("s")
    assert stored is not None
    assert stored.data == b"one two "


class LateStore:
    """The same store for somebody whose writes take a moment longer until they are committed."""

    def __init__(self, talk: Talk) -> None:
        self._store = talk.store
        self.has_written: list[bool] = []

    def write(self, fn: Callable[[Transaction], Any]) -> Any:
        def late(tx: Transaction) -> Any:
            value = fn(tx)
            self.has_written.append(True)
            if tx.conn.dialect.name == "postgresql":  # on SQLite's one thread nobody comes in between
                gevent.sleep(0.3)
            return value

        return self._store.write(late)


def test_a_batch_that_is_on_its_way_while_all_is_deleted_leaves_nothing_behind(talk: Talk) -> None:
    stream = talk.ask("Hello?").reply.stream_id
    talk.streams.claim(stream, {Status.PENDING})
    store = LateStore(talk)
    writing = Streams(store, owner=lambda: "here", lease_s=6, wall=float, lease_clock=float)
    batch = gevent.spawn(writing.append, [Batch(stream, 1, 0, "left? ")])
    until(lambda: store.has_written)
    talk.store.write(lambda tx: talk.streams.delete(tx, stream))
    batch.get()
    assert talk.store.read(lambda conn: conn.execute(select(func.count()).select_from(chunks)).scalar()) == 0
