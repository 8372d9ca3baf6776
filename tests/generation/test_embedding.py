"""Passages get vectors, and questions find them: on SQLite, on PostgreSQL, and there without pgvector."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text, update

from chat.store import documents, vector_spaces, vectors
from chat.store.document_tables import documents as documents_table
from chat.store.document_tables import vectors as vectors_table
from tests.embedder import DIMENSIONS
from tests.generation.meaning import Meaning, without_extension
from tests.patience import PATIENCE_S
from tests.server import free_port
from tests.store import library
from tests.store.talk import BEN, Talk, count
from tests.upstream import Upstream

RIVERS = ("The river rises in the hills.", "It flows past the old mill.", "It ends in the sea.")
BREAD = ("Flour and water make dough.", "The oven must be hot.", "Bread needs salt.")

Make = Callable[..., Meaning]


@pytest.fixture(params=["sqlite", "postgresql", "without pgvector"])
def talk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Talk]:
    url = f"sqlite:///{tmp_path}/talk.sqlite3"
    if request.param != "sqlite":
        url = request.getfixturevalue("postgres_url")
    with Talk(url if request.param != "without pgvector" else without_extension(url)) as talk:
        yield talk


@pytest.fixture
def make(talk: Talk, upstream: Upstream) -> Make:
    def make(model: str = "words", **different: Any) -> Meaning:
        return Meaning(talk, upstream, model, **different)

    return make


def test_what_is_nearest_is_found_first(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    library.ready(talk, *BREAD)
    meaning = make()
    assert meaning.round.fill() == 0
    assert meaning.found("it ends in a sea, but rises in which hills?", 2) == [RIVERS[2], RIVERS[0]]
    assert meaning.found("hot oven", 1) == [BREAD[1]]
    assert meaning.tally.embedded == 6


def test_pgvector_is_used_where_it_may_be(talk: Talk, make: Make, request: pytest.FixtureRequest) -> None:
    library.ready(talk)
    meaning = make()
    meaning.round.fill()
    assert meaning.by_rows == ("[postgresql]" in request.node.name)
    assert (talk.read(count, vectors_table) == 0) == meaning.by_rows


def test_before_there_are_vectors_nothing_is_found_and_nobody_is_asked(talk: Talk, make: Make) -> None:
    library.ready(talk)
    assert make().found("river") == []
    assert make().asked_for() == []


def test_how_far_it_is_shows_on_the_document_and_its_end_is_told(talk: Talk, make: Make) -> None:
    made = library.ready(talk, *RIVERS)
    talk.rung.clear()
    make().round.fill()
    assert talk.read(documents.get, made.id).embedded == 3
    assert any(documents.topic_of_library("ada") in rung for rung in talk.rung)


def test_many_passages_are_made_part_by_part_each_once(talk: Talk, make: Make) -> None:
    texts = [f"Number {number} is called x{number}." for number in range(150)]
    library.ready(talk, *texts)
    meaning = make()
    meaning.round.fill()
    meaning.round.fill()
    assert sorted(meaning.asked_for()) == sorted(texts)
    assert max(len(asked["input"]) for asked in meaning.upstream.embedded) == 64
    assert meaning.found("x117", 1) == [texts[117]]
    assert meaning.found("x149", 1) == [texts[149]]


def test_what_was_begun_goes_on_where_it_was(talk: Talk, make: Make) -> None:
    texts = [f"Number {number} is called x{number}." for number in range(100)]
    library.ready(talk, *texts)
    first = make("words;statuses=200,200,503")  # a word, a part, and then nothing
    assert first.round.fill() > 0
    assert talk.read(vectors.count_lacking) == 36
    second = make("words;statuses=200,200,503", process="there")
    assert second.round.fill() == 0
    assert talk.read(vectors.count_lacking) == 0
    assert sorted(first.asked_for()[:64] + first.asked_for()[-36:]) == sorted(texts)


def test_vectors_that_come_later_are_found_too(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    meaning = make()
    meaning.round.fill()
    assert meaning.found("dough", 1) == []
    library.ready(talk, *BREAD)
    assert meaning.found("dough", 1) == []
    meaning.round.fill()
    assert meaning.found("dough", 1) == [BREAD[0]]


def test_headings_and_what_came_before_are_part_of_what_a_passage_means(talk: Talk, make: Make) -> None:
    library.add(talk)
    taken = library.claim(talk)
    assert taken is not None
    given = library.Passage(1, "Four of them.", before="How many wheels?", heading="Carts")
    library.put(talk, taken, [given])
    talk.write(library.reading_queue.finish, taken, pages=None, now=talk.now)
    meaning = make()
    meaning.round.fill()
    assert meaning.asked_for() == ["Carts\nHow many wheels?Four of them."]


# ── whose they are ───────────────────────────────────────────────────────────────────────────


def test_nobody_elses_library_is_searched(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS, owner=BEN)
    meaning = make()
    meaning.round.fill()
    assert meaning.found("river") == []
    assert meaning.found("river", person=BEN) == []  # not in Ada's conversation
    theirs = talk.begin(BEN)
    assert meaning.found("river", 1, person=BEN, cid=theirs.id) == [RIVERS[0]]


def test_what_is_deleted_is_not_found_a_moment_later(talk: Talk, make: Make) -> None:
    made = library.ready(talk, *RIVERS)
    library.ready(talk, *BREAD)
    meaning = make()
    meaning.round.fill()
    assert meaning.found("river", 1) == [RIVERS[0]]
    talk.write(documents.discard, made.id, talk.tick())
    assert meaning.found("river", 1) == []
    library.erase(talk)
    assert meaning.found("river", 1) == []
    assert meaning.found("salt", 1) == [BREAD[2]]


def test_a_deleted_document_takes_its_vectors_along(talk: Talk, make: Make) -> None:
    made = library.ready(talk, *RIVERS)
    meaning = make()
    meaning.round.fill()
    assert stored(talk) == 3
    talk.write(documents.discard, made.id, talk.tick())
    library.erase(talk)
    assert stored(talk) == 0


def test_one_that_is_deleted_while_its_vectors_are_made_stops_nothing(talk: Talk, make: Make) -> None:
    made = library.ready(talk, *RIVERS)
    part = talk.read(vectors.next_part, made.id, 64)
    space = talk.write(vector_spaces.open_space, "words", DIMENSIONS, talk.now)
    assert talk.write(vector_spaces.hold, space, "here", talk.now, talk.now + 9, lambda name: False)
    talk.write(documents.discard, made.id, talk.tick())
    said = vectors.written(space, make().embeddings.embed(part.texts, PATIENCE_S))
    with pytest.raises(vectors.PartLost):
        talk.write(vectors.put, space, part, said, process="here", until=talk.now + 9)
    assert stored(talk) == 0


# ── another model ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("other", ["words;dimensions=900", "others"])
def test_with_another_model_all_are_made_anew_and_the_old_ones_go(other: str, talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    make().round.fill()
    after = make(other, process="later")
    assert after.found("river", 1) == []  # a question of one model is not compared with another's passages
    assert after.round.fill() == 0
    assert after.found("river", 1) == [RIVERS[0]]
    assert stored(talk) == 3
    assert not talk.read(vector_spaces.has_old)


def test_a_model_that_gives_other_dimensions_since_is_taken_anew_by_the_next_start(
    talk: Talk, make: Make
) -> None:
    library.ready(talk, *RIVERS)
    make(dimensions=16).round.fill()
    later = make(dimensions=24)
    later.round.fill()
    assert talk.read(vector_spaces.current).dimensions == 24
    assert later.found("river", 1) == [RIVERS[0]]


def test_two_processes_with_two_models_do_not_undo_each_others_work(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    old, new = make("old"), make("new", process="later")
    old.round.fill()
    new.round.fill()
    asked = len(old.upstream.embedded)
    for _ in range(3):
        library.ready(talk, *BREAD)
        assert old.round.fill() > 0
        assert "another model" in (old.round.failing or "")
        assert old.found("river") == []
    assert len(old.upstream.embedded) == asked
    assert new.round.fill() == 0
    assert new.found("dough", 1) == [BREAD[0]]


def test_a_server_that_changes_its_dimensions_meanwhile_is_told_off(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    meaning = make("words;changing=1")
    assert meaning.round.fill() > 0
    assert f"gives {DIMENSIONS + 1} numbers where it gave {DIMENSIONS}" in (meaning.round.failing or "")
    assert stored(talk) == 0


# ── several processes ────────────────────────────────────────────────────────────────────────


def test_one_process_at_a_time_makes_them(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    space = talk.write(vector_spaces.open_space, "words", DIMENSIONS, talk.now)
    assert talk.write(vector_spaces.hold, space, "there", talk.now, talk.now + 60, lambda name: False)
    here = make()
    here.round.fill()
    assert here.asked_for() == []
    talk.now += 61
    here.round.fill()
    assert len(here.asked_for()) == 3


def test_what_a_dead_process_held_is_gone_on_with_at_once(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    space = talk.write(vector_spaces.open_space, "words", DIMENSIONS, talk.now)
    assert talk.write(vector_spaces.hold, space, "there", talk.now, talk.now + 60, lambda name: False)
    here = make(dead=("there",))
    here.round.fill()
    assert len(here.asked_for()) == 3


def test_who_lost_its_hold_stores_nothing(talk: Talk, make: Make) -> None:
    made = library.ready(talk, *RIVERS)
    part = talk.read(vectors.next_part, made.id, 64)
    space = talk.write(vector_spaces.open_space, "words", DIMENSIONS, talk.now)
    assert talk.write(vector_spaces.hold, space, "there", talk.now, talk.now + 60, lambda name: False)
    said = vectors.written(space, make().embeddings.embed(part.texts, PATIENCE_S))
    with pytest.raises(vectors.PartLost):
        talk.write(vectors.put, space, part, said, process="here", until=talk.now + 9)


# ── a server that does as it likes ───────────────────────────────────────────────────────────

HOSTILE = [
    "page",
    "nan",
    "null",
    "empty",
    "words;missing=1",
    "words;endless=1",
    "words;silent=1",
    "words;cut=1",
]


@pytest.mark.parametrize("talk", ["sqlite"], indirect=True)
@pytest.mark.parametrize("model", HOSTILE)
def test_what_it_does_wrong_is_said_and_stores_nothing(model: str, talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    meaning = make(model, patience_s=1 if "silent" in model else PATIENCE_S)
    assert meaning.round.fill() >= 2
    assert "embeddings' server" in (meaning.round.failing or "")
    assert talk.read(vectors.count_lacking) == 3


@pytest.mark.parametrize("talk", ["sqlite"], indirect=True)
def test_it_is_asked_later_and_later_and_told_of_once(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    meaning = make(address=f"http://127.0.0.1:{free_port()}/v1")
    with structlog.testing.capture_logs() as logged:
        pauses = [meaning.round.fill() for _ in range(12)]
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == 300
    told = [line for line in logged if line["log_level"] == "warning" and "vectors" in line["event"]]
    assert len(told) == 1


@pytest.mark.parametrize("talk", ["sqlite"], indirect=True)
def test_how_long_it_wants_to_be_left_alone_it_is(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    assert make("words;statuses=429,429;retry_after=77").round.fill() == 77


@pytest.mark.parametrize("talk", ["sqlite"], indirect=True)
def test_once_it_is_back_so_are_the_vectors(talk: Talk, make: Make) -> None:
    library.ready(talk, *RIVERS)
    meaning = make("words;statuses=503,503")
    assert [meaning.round.fill() > 0 for _ in range(3)] == [True, True, False]
    assert meaning.round.failing is None
    assert meaning.found("river", 1) == [RIVERS[0]]


@pytest.mark.parametrize("talk", ["sqlite"], indirect=True)
def test_a_text_that_is_too_long_for_it_is_embedded_as_far_as_it_goes(talk: Talk, make: Make) -> None:
    long = "The river " + "flows and " * 30 + "ends."
    library.ready(talk, RIVERS[0], long, "Geese fly south.")
    meaning = make("words;longest=100")
    assert meaning.round.fill() == 0
    assert meaning.found("flows and flows", 1) == [long]
    assert meaning.found("geese", 1) == ["Geese fly south."]


@pytest.mark.parametrize("talk", ["sqlite"], indirect=True)
def test_a_text_that_it_never_takes_is_left_without(talk: Talk, make: Make) -> None:
    library.ready(talk, RIVERS[0], "A text of more than twelve.", "Geese fly.")
    meaning = make("words;longest=12")
    assert meaning.round.fill() == 0
    assert talk.read(vectors.count_lacking) == 0
    assert meaning.found("geese", 3) == ["Geese fly."]


@pytest.mark.parametrize("talk", ["sqlite"], indirect=True)
def test_stored_vectors_that_are_damaged_are_not_compared(talk: Talk, make: Make) -> None:
    made = library.ready(talk, *RIVERS)
    library.ready(talk, *BREAD)
    make().round.fill()
    broken = update(vectors_table).where(vectors_table.c.document_id == made.id).values(data=b"123")
    talk.store.write(lambda tx: tx.execute(broken))
    meaning = make()
    assert meaning.found("river", 3) == []
    assert meaning.found("salt", 1) == [BREAD[2]]


@pytest.mark.parametrize("talk", ["sqlite"], indirect=True)
def test_a_document_without_the_passages_that_it_counts_holds_up_no_other(talk: Talk, make: Make) -> None:
    made = library.ready(talk, *RIVERS)
    wrong = update(documents_table).where(documents_table.c.id == made.id).values(passages=9)
    talk.store.write(lambda tx: tx.execute(wrong))
    library.ready(talk, *BREAD)
    meaning = make()
    assert meaning.round.fill() == 0
    assert meaning.found("dough", 1) == [BREAD[0]]


def stored(talk: Talk) -> int:
    """Count the vectors that lie in the database, of whatever model."""
    spaces = talk.store.read(lambda conn: conn.execute(text("SELECT id, by_rows FROM vector_spaces")).all())
    packed = talk.store.read(lambda conn: conn.execute(vectors_table.select()).all())
    found = sum(len(row.data) // (4 * row.dimensions) for row in packed)
    for space in spaces:
        if space.by_rows:
            counted = text(f"SELECT count(*) FROM passage_vectors_{space.id}")
            found += talk.store.read(lambda conn, counted=counted: conn.execute(counted).scalar_one())
    return found
