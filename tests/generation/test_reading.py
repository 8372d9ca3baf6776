"""The reading round: what waits is read, whatever becomes of its reader, and nothing is read twice."""

from collections.abc import Generator, Iterable, Iterator
from typing import Any

import gevent
import pytest
from gevent.event import Event

from chat.core.documents import Passage
from chat.core.log import StoreAway
from chat.core.tally import Tally
from chat.extraction.limits import Limits
from chat.extraction.unreadable import Unreadable
from chat.generation import reading
from chat.generation.erasing import Erasing
from chat.generation.reading import Reading
from chat.generation.reading_job import BATCH, WORDS, lots
from chat.live.bell import LocalBell
from chat.store import documents, passages, reading_queue
from chat.store.document_tables import documents as documents_table
from chat.store.document_tables import originals
from chat.store.document_tables import passages as passages_table
from chat.store.documents import Document
from chat.store.reading_queue import ATTEMPTS
from tests.patience import PATIENCE_S
from tests.store.library import add, claim, put
from tests.store.talk import BEN, Talk, count

SOON_S = PATIENCE_S  # within which a greenlet is done with what it was given
MANY = 3 * BATCH + 5


@pytest.fixture(params=["sqlite", "postgresql"])
def talk(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Talk]:
    by_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/talk.sqlite3" if by_file else request.getfixturevalue("postgres_url")
    with Talk(url) as talk:
        yield talk


class Child:
    """In place of the process that reads: says what its original says, a passage per line, when it may."""

    def __init__(self) -> None:
        self.may_go_on = Event()
        self.may_go_on.set()
        self.began = Event()
        self.closed = 0
        self.dies_of: Exception | None = None

    def read(self, kind: str, pieces: Iterable[bytes], limits: Limits) -> Generator[dict, None, None]:
        try:
            lines = b"".join(pieces).decode().splitlines(keepends=True)
            for number, line in enumerate(lines, 1):
                yield {"passage": {"number": number, "text": line, "before": "", "heading": "", "page": None}}
                yield {"progress": 100 * number // len(lines)}
                if number == len(lines) // 2:
                    self.began.set()
                    self.may_go_on.wait()
                    if self.dies_of is not None:
                        raise self.dies_of
            yield {"done": {"pages": 7, "characters": 1, "language": None}}
        finally:
            self.closed += 1


class Reader:
    """One process that reads."""

    def __init__(self, talk: Talk, name: str = "me", dead: Iterable[str] = ()) -> None:
        self.child, self.tally, self._talk = Child(), Tally(), talk
        self.reading = Reading(
            talk.store,
            LocalBell(),
            self.child.read,
            reader=lambda: name,
            is_dead=lambda owner: owner in dead,
            now=lambda: talk.now,
            clock=lambda: talk.now,  # or a slow machine would show its progress between two batches
            limits=Limits(),
            tally=self.tally,
        )

    def look(self) -> None:
        """Begin with what waits."""
        self.reading.look()

    def hold(self) -> None:
        """Begin, and come to rest in the middle of a document."""
        self.child.may_go_on.clear()
        self.look()
        assert self.child.began.wait(SOON_S)

    def rest(self) -> None:
        """Wait until nothing is read here any more."""
        assert self.reading._workers.join(SOON_S)

    def read(self) -> None:
        self.look()
        self.rest()


def lines(number: int) -> bytes:
    return "".join(f"The river of line {line} runs to the sea.\n" for line in range(1, number + 1)).encode()


def found(talk: Talk, made: Document) -> Document:
    again: Document = talk.read(documents.get, made.id)
    return again


def text_of(talk: Talk, made: Document) -> str:
    return "".join(one.text for one in talk.read(passages.page_of, made.id, limit=10_000))


# ── reading ──────────────────────────────────────────────────────────────────────────────────


def test_what_waits_is_read_and_becomes_ready_with_all_its_text(talk: Talk) -> None:
    made, reader = add(talk, original=lines(MANY)), Reader(talk)
    reader.read()
    now = found(talk, made)
    assert (now.status, now.progress, now.passages, now.pages, now.language) == ("ready", 100, MANY, 7, "en")
    assert text_of(talk, made) == lines(MANY).decode()
    assert reader.tally.documents_read == {"ready": 1}
    assert reader.child.closed == 1


def test_all_that_waits_is_read_one_after_another(talk: Talk) -> None:
    made = [add(talk, original=lines(3)) for _ in range(5)]
    reader = Reader(talk)
    reader.read()
    assert {found(talk, one).status for one in made} == {"ready"}
    assert reader.child.closed == 5


def test_how_far_it_is_is_told_while_it_is_read(talk: Talk) -> None:
    made, reader = add(talk, original=lines(2 * MANY)), Reader(talk)
    reader.hold()
    now = found(talk, made)
    assert (now.status, now.passages) == ("reading", MANY // BATCH * BATCH)
    assert 0 < now.progress < 100
    reader.child.may_go_on.set()
    reader.rest()
    assert found(talk, made).status == "ready"


def test_what_cannot_be_read_fails_with_its_word_and_leaves_no_passage(talk: Talk) -> None:
    made, reader = add(talk, original=lines(2 * MANY)), Reader(talk)
    reader.child.dies_of = Unreadable("no_text", "It holds no text.")
    reader.read()
    assert found(talk, made).status == "failed"
    assert found(talk, made).error == {"code": "no_text", "message": "It holds no text."}
    assert talk.read(count, passages_table) == 0
    assert reader.tally.documents_read == {"failed": 1}


@pytest.mark.parametrize("death", [Unreadable("crashed", "It died."), ValueError("a fault of ours")])
def test_what_kills_its_reader_is_tried_again_and_fails_in_the_end(talk: Talk, death: Exception) -> None:
    made, reader = add(talk, original=lines(MANY)), Reader(talk)
    reader.child.dies_of = death
    for _ in range(ATTEMPTS - 1):
        reader.read()
        assert found(talk, made).status == "waiting"
        talk.now += 60
    reader.read()
    now = found(talk, made)
    assert (now.status, now.error["code"], now.passages) == ("failed", "crashed", 0)
    assert reader.child.closed == ATTEMPTS
    assert talk.read(count, passages_table) == 0


def test_what_killed_all_who_read_it_fails_and_nothing_of_it_stays(talk: Talk) -> None:
    poisoned, healthy = add(talk, original=lines(MANY)), add(talk, original=lines(3))
    for _ in range(ATTEMPTS):
        taken = claim(talk, reader="dead")
        assert taken is not None
        put(talk, taken, [Passage(1, "The river rose."), Passage(2, "It fell.")])
        if taken.attempt < ATTEMPTS:
            talk.write(reading_queue.empty_some, taken, BATCH)
        talk.write(reading_queue.release, "dead")
    reader = Reader(talk)
    reader.read()
    now = found(talk, poisoned)
    assert (now.status, now.error["code"], now.passages) == ("failed", "crashed", 0)
    assert found(talk, healthy).status == "ready"
    assert "".join(text_of(talk, one) for one in (poisoned, healthy)) == lines(3).decode()


def test_a_database_that_is_away_is_no_fault_of_the_document(talk: Talk) -> None:
    made, reader = add(talk, original=lines(MANY)), Reader(talk)
    for _ in range(ATTEMPTS + 1):
        reader.child.dies_of = StoreAway("for a moment")
        reader.read()
        assert found(talk, made).status == "waiting"
        talk.now += 60
    reader.child.dies_of = None
    reader.read()
    assert found(talk, made).status == "ready"
    assert text_of(talk, made) == lines(MANY).decode()


def test_who_was_unlucky_once_is_read_the_next_time(talk: Talk) -> None:
    made, reader = add(talk, original=lines(MANY)), Reader(talk)
    reader.child.dies_of = Unreadable("too_slow", "It took too long.")
    reader.read()
    reader.child.dies_of = None
    talk.now += 60
    reader.read()
    assert found(talk, made).status == "ready"
    assert text_of(talk, made) == lines(MANY).decode()


def test_no_write_holds_more_words_than_take_a_moment() -> None:
    words = [["w"] * size for size in (3000, 3000, 3000, WORDS + 1, 1, 0, 0)]
    found = list(lots(words))
    assert [(lot.start, lot.stop) for lot in found] == [(0, 2), (2, 3), (3, 4), (4, 7)]
    assert list(lots([])) == [slice(0, 0)]


# ── who reads ────────────────────────────────────────────────────────────────────────────────


def test_two_processes_read_each_document_once(talk: Talk) -> None:
    made = [add(talk, original=lines(3)) for _ in range(6)]
    readers = [Reader(talk, "one"), Reader(talk, "two")]
    gevent.joinall([gevent.spawn(reader.read) for reader in readers], raise_error=True)
    for reader in readers:
        reader.rest()
    assert {found(talk, one).status for one in made} == {"ready"}
    assert sum(reader.child.closed for reader in readers) == len(made)


def test_a_long_document_does_not_hold_up_somebody_elses(talk: Talk) -> None:
    long, reader = add(talk, original=lines(MANY)), Reader(talk)
    reader.hold()
    other = add(talk, BEN, original=b"Short.\n")
    reader.look()
    with gevent.Timeout(SOON_S):
        while found(talk, other).status != "ready":
            gevent.sleep(0.02)
    assert found(talk, long).status == "reading"
    reader.reading.leave()


def test_what_a_dead_process_read_is_read_again_from_the_start(talk: Talk) -> None:
    made, dead = add(talk, original=lines(2 * MANY)), Reader(talk, "dead")
    dead.hold()
    assert found(talk, made).passages
    Reader(talk, "other").read()
    assert found(talk, made).status == "reading", "it may be alive"
    Reader(talk, "heir", dead={"dead"}).read()
    assert found(talk, made).status == "ready"
    assert text_of(talk, made) == lines(2 * MANY).decode()
    dead.child.may_go_on.set()  # it was not dead, only slow
    dead.rest()
    assert found(talk, made).status == "ready"
    assert text_of(talk, made) == lines(2 * MANY).decode()


def test_who_leaves_gives_it_back_and_its_child_is_ended(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LEAVE_S", PATIENCE_S)
    made, leaving = add(talk, original=lines(MANY)), Reader(talk, "leaving")
    leaving.hold()
    leaving.reading.leave()
    assert leaving.child.closed == 1
    assert found(talk, made).status == "waiting"
    leaving.look()
    leaving.rest()
    assert found(talk, made).status == "waiting", "who leaves begins with nothing"
    Reader(talk, "other").read()
    assert found(talk, made).status == "ready"


def test_what_is_renewed_is_nobody_elses(talk: Talk) -> None:
    made, reader = add(talk, original=lines(MANY)), Reader(talk)
    reader.hold()
    for _ in range(3):
        talk.now += 20
        reader.reading.renew()
        assert claim(talk, "other") is None
    reader.child.may_go_on.set()
    reader.rest()
    assert found(talk, made).status == "ready"


# ── deleting ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_deleted_while_it_is_read_ends_its_child_and_leaves_nothing(talk: Talk) -> None:
    made, reader = add(talk, original=lines(2 * MANY)), Reader(talk)
    reader.hold()
    talk.write(documents.delete, made.id)
    reader.reading.renew()
    reader.rest()
    assert reader.child.closed == 1
    Erasing(talk.store, lambda: talk.now, undo_s=600).erase()
    assert [talk.read(count, table) for table in (documents_table, passages_table, originals)] == [0, 0, 0]


def test_what_is_brought_back_while_its_reader_ends_is_read(talk: Talk) -> None:
    made, reader = add(talk, original=lines(2 * MANY)), Reader(talk)
    reader.hold()
    talk.write(documents.discard, made.id, talk.now)
    reader.reading.renew()
    reader.rest()
    talk.write(documents.restore, made.id)
    reader.child.may_go_on.set()
    reader.read()
    assert found(talk, made).status == "ready"
    assert text_of(talk, made) == lines(2 * MANY).decode()
