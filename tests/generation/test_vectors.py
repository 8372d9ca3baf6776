"""Finding by meaning: within its memory and its time, whatever the embeddings' server does."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chat.store import documents, vectors
from chat.store.document_tables import vector_spaces
from chat.store.document_tables import vectors as vectors_table
from tests.generation.meaning import Meaning
from tests.store import library
from tests.store.talk import BEN, Talk
from tests.upstream import Upstream

BIRDS = ("Geese fly south.", "Owls hunt at night.", "Swifts sleep on the wing.")
ONE = 1000 * 4  # bytes of a vector here


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with Talk(f"sqlite:///{tmp_path}/talk.sqlite3") as talk:
        yield talk


def many(talk: Talk, count: int = 6, each: int = 4) -> None:
    for number in range(count):
        library.ready(talk, *(f"Document {number} has line l{number}x{at}." for at in range(each)))


@pytest.mark.parametrize("room", [1, 5, 9, 100])
def test_what_does_not_fit_into_memory_is_found_too(room: int, talk: Talk, upstream: Upstream) -> None:
    many(talk)
    meaning = Meaning(talk, upstream, cache_bytes=room * ONE)
    meaning.round.fill()
    for number in (0, 5, 3, 0):
        assert meaning.found(f"l{number}x2", 1) == [f"Document {number} has line l{number}x2."]
        assert meaning.vectors.matrices.bytes <= room * ONE


def test_what_is_in_memory_is_not_read_again(talk: Talk, upstream: Upstream) -> None:
    many(talk)
    meaning = Meaning(talk, upstream)
    meaning.round.fill()
    meaning.found("l1x1")
    kept = meaning.vectors.matrices.bytes
    talk.store.write(lambda tx: tx.execute(vectors_table.delete()))
    assert meaning.found("l4x2", 1) == ["Document 4 has line l4x2."]
    assert kept == meaning.vectors.matrices.bytes == 24 * ONE


def test_of_a_document_that_grew_only_the_rest_is_read(talk: Talk, upstream: Upstream) -> None:
    texts = [f"Number {number} is called x{number}." for number in range(100)]
    library.ready(talk, *texts)
    first = Meaning(talk, upstream, "words;statuses=200,200,503")
    assert first.round.fill() > 0
    assert first.found("x63", 1) == [texts[63]]
    assert first.found("x64 number", 1) != [texts[64]]
    talk.store.write(lambda tx: tx.execute(vectors_table.delete()))
    first.round.fill()
    assert first.found("x64", 1) == [texts[64]]
    assert first.found("x12", 1) == [texts[12]]


def test_a_document_that_changed_is_read_anew(talk: Talk, upstream: Upstream) -> None:
    made = library.ready(talk, *BIRDS)
    meaning = Meaning(talk, upstream)
    meaning.round.fill()
    meaning.found("owls")
    talk.write(documents.rename, made.id, "birds.md", talk.tick())
    assert meaning.found("owls", 1) == [BIRDS[1]]
    assert meaning.vectors.matrices.bytes == 3 * ONE


def test_a_question_that_is_asked_again_costs_nothing(talk: Talk, upstream: Upstream) -> None:
    library.ready(talk, *BIRDS)
    meaning = Meaning(talk, upstream)
    meaning.round.fill()
    before = len(upstream.embedded)
    assert meaning.found("who hunts?") == meaning.found("who hunts?")
    assert len(upstream.embedded) == before + 1


def test_a_question_waits_no_longer_than_it_may_and_then_not_at_all(
    talk: Talk, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.ready(talk, *BIRDS)
    Meaning(talk, upstream, "words").round.fill()
    renamed = vector_spaces.update().values(model="words;silent=1")
    talk.store.write(lambda tx: tx.execute(renamed))
    # On this clock no time goes by: how long the machine takes for it is not what is tested.
    meaning = Meaning(talk, upstream, "words;silent=1", wait_s=0.3, now=lambda: 0.0)
    asked = list[str]()
    embed = meaning.embeddings.embed

    def noted(texts: Sequence[str], seconds: float) -> Any:
        asked.extend(texts)
        return embed(texts, seconds)

    monkeypatch.setattr(meaning.embeddings, "embed", noted)
    for number in range(2):
        assert meaning.found(f"owls {number}") == []
    for number in range(20):
        assert meaning.found(f"geese {number}") == []
    assert asked == ["owls 0", "owls 1"]


def test_a_question_longer_than_the_model_takes_is_cut(talk: Talk, upstream: Upstream) -> None:
    library.ready(talk, *BIRDS)
    meaning = Meaning(talk, upstream, "words;longest=500")
    meaning.round.fill()
    assert meaning.found("owls hunt " + "perhaps " * 300, 1) == [BIRDS[1]]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_is_less_alike_than_it_must_be_is_not_found(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, upstream: Upstream
) -> None:
    on_sqlite = database == "sqlite"
    url = f"sqlite:///{tmp_path}/likeness.sqlite3" if on_sqlite else request.getfixturevalue("postgres_url")
    with Talk(url) as talk:
        library.ready(talk, *BIRDS)
        meaning = Meaning(talk, upstream, least=0.5)
        meaning.round.fill()
        assert meaning.by_rows != on_sqlite
        assert meaning.found("owls hunt at night") == [BIRDS[1]]
        assert meaning.found("how do owls see in winter") == [], "one word of many in common"
        assert Meaning(talk, upstream).found("how do owls see in winter") == [BIRDS[1]]


@pytest.mark.parametrize("asked", ["", "   ", "\0"])
def test_a_question_without_words_finds_nothing(asked: str, talk: Talk, upstream: Upstream) -> None:
    library.ready(talk, *BIRDS)
    meaning = Meaning(talk, upstream)
    meaning.round.fill()
    assert meaning.found(asked) == []


def test_the_graph_finds_what_comparing_all_finds_and_nothing_of_others(
    postgres_url: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Talk(postgres_url) as talk:
        many(talk)
        for _ in range(3):
            library.ready(talk, *BIRDS, owner=BEN)
        meaning = Meaning(talk, upstream)
        meaning.round.fill()
        assert meaning.by_rows
        exactly = meaning.found("document 3 has line l3x2", 6)
        monkeypatch.setattr(vectors, "ROW_US", 1e9)
        assert meaning.found("document 3 has line l3x2", 6)[:1] == exactly[:1]
        assert len(meaning.found("document 3 has line l3x2", 6)) == 6
        assert meaning.found("geese fly south", 6) == []
