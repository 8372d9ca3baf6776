"""Whatever is done to documents in any order, by zombies too: the index holds their passages and no more."""

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select, text

from chat.core.documents import Passage
from chat.store import conversations, documents, reading_queue
from chat.store.document_rights import HERE
from chat.store.document_tables import documents as documents_table
from chat.store.document_tables import passages
from chat.store.documents import DocumentGone
from chat.store.reading_queue import Claim, ClaimLost
from tests.store.library import add, begin, claim, erase, passages_of, put
from tests.store.talk import ADA, BEN, Talk

STEPS = 80
UNDO_S, STALE_S = 20.0, 60.0


class Chance:
    """Does one thing after another; whoever claimed a document once may write to it at any later time."""

    def __init__(self, talk: Talk, seed: int) -> None:
        self.talk, self.random = talk, Random(seed)
        self.added, self.places = [begin(talk).id], [talk.cid]
        self.claims = [Claim("nothing", "text", "a", 1)]
        self.number = 0

    def step(self) -> None:
        self.talk.now += self.random.choice([0.1, 1, 10, 31])
        with suppress(ClaimLost, DocumentGone):
            self.random.choice(self.ways())()

    def ways(self) -> list[Callable[[], Any]]:
        talk, one, taken = self.talk, self.random.choice(self.added), self.random.choice(self.claims)
        return [
            self.add,
            lambda: self.added.append(begin(talk).id),
            *[self.claim] * 3,
            *[lambda: put(talk, taken, self.some())] * 3,
            lambda: talk.write(reading_queue.empty_some, taken, 2),
            lambda: talk.write(reading_queue.finish, taken, pages=None, now=talk.now),
            lambda: talk.write(reading_queue.give_back, taken),
            lambda: talk.write(reading_queue.release, taken.reader),
            lambda: talk.write(documents.discard, one, talk.now),
            lambda: talk.write(documents.restore, one),
            lambda: talk.write(documents.delete, one),
            lambda: erase(talk, UNDO_S, STALE_S),
            self.change_places,
        ]

    def add(self) -> None:
        place = self.random.choice([None, *self.places])
        self.added.append(add(self.talk, self.random.choice([ADA, BEN]), conversation_id=place).id)

    def claim(self) -> None:
        if (taken := claim(self.talk, self.random.choice("abc"))) is not None:
            self.claims.append(taken)

    def some(self) -> list[Passage]:
        self.number += 10
        numbers = range(self.number, self.number + self.random.randrange(1, 6))
        return [Passage(number, f"River {number} runs.") for number in numbers]

    def change_places(self) -> None:
        if len(self.places) == 1:
            self.places.append(self.talk.begin().id)
        else:
            self.talk.write(conversations.delete, self.talk.streams, self.places.pop())

    def come_to_rest(self) -> None:
        """Read all that waits, and erase all that was deleted."""
        self.talk.now += UNDO_S + STALE_S
        while (taken := claim(self.talk, "last")) is not None:
            while self.talk.write(reading_queue.empty_some, taken, 2):
                pass
            if taken.is_spent:
                self.talk.write(reading_queue.fail, taken, {"code": "crashed"}, self.talk.now)
                continue
            put(self.talk, taken, passages_of("One river.", "Two rivers."))
            self.talk.write(reading_queue.finish, taken, pages=None, now=self.talk.now)
        self.talk.now += UNDO_S + STALE_S
        erase(self.talk, UNDO_S, STALE_S)
        erase(self.talk, UNDO_S, STALE_S)


@pytest.mark.parametrize("seed", range(3))
def test_the_index_holds_the_passages_there_are_and_at_rest_those_of_ready_documents(
    talk: Talk, seed: int
) -> None:
    chance = Chance(talk, seed)
    for _ in range(STEPS):
        chance.step()
        assert _indexed(talk) == _stored(talk)
    chance.come_to_rest()
    ready = _stored(talk, documents_table.c.status == "ready", HERE)
    assert _indexed(talk) == _stored(talk) == ready
    counted = select(func.coalesce(func.sum(documents_table.c.passages), 0))
    assert talk.store.read(lambda conn: conn.execute(counted).scalar_one()) == len(ready)


def _indexed(talk: Talk) -> set[int]:
    key = "rowid" if talk.store.read(lambda conn: conn.dialect.name) == "sqlite" else "seq"
    return talk.store.read(lambda conn: set(conn.execute(text(f"SELECT {key} FROM passage_index")).scalars()))


def _stored(talk: Talk, *where: Any) -> set[int]:
    joined = passages.join(documents_table, documents_table.c.id == passages.c.document_id)
    found = select(passages.c.seq).select_from(joined).where(*where)
    return talk.store.read(lambda conn: set(conn.execute(found).scalars()))
