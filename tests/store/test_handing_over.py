"""Handing over: who lets go of a stream stores all of its text, and nothing of it comes a second time."""

from chat.core.lifecycle import Status
from chat.store.streams import Batch
from chat.store.transaction import Transaction
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
