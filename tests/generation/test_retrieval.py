"""Retrieval: what a question brings along to its answer, by words and by meaning, or nothing at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gevent.monkey import get_original
from sqlalchemy import select

from chat.core.sources import Source
from chat.generation import retrieval
from chat.generation.retrieval import Near, Retrieval
from chat.store import documents
from chat.store.document_tables import passages
from chat.store.drawn_on import look
from tests.store.library import ready
from tests.store.talk import ADA, BEN, Talk

thread = get_original("_thread", "get_ident")


@pytest.fixture(params=["sqlite", "postgresql"])
def talk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Talk]:
    """A conversation of Ada's in a real database of either kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/talk.sqlite3"
    else:
        url = request.getfixturevalue("postgres_url")
    with Talk(url) as talk:
        yield talk


class Meaning:
    """Finds whatever it is told to, whatever is asked."""

    def __init__(self, *texts: str, talk: Talk) -> None:
        self.texts, self.talk = texts, talk
        self.asked: list[str] = []

    def nearest(self, person_id: str, conversation_id: str, text: str, most: int) -> list[int]:
        self.asked.append(text)
        return [seq for one in self.texts for seq in self.talk.store.read(seqs_of(one))][:most]


class Broken:
    """What a database of vectors may be."""

    def nearest(self, person_id: str, conversation_id: str, text: str, most: int) -> list[int]:
        raise RuntimeError("no such table")


def seqs_of(said: str) -> Any:
    return lambda conn: list(conn.execute(select(passages.c.seq).where(passages.c.text == said)).scalars())


def find(
    talk: Talk,
    question: str,
    earlier: str | None = None,
    *,
    vectors: Near | None = None,
    person: Any = ADA,
    **limits: int,
) -> list[Source]:
    return Retrieval(talk.store, vectors, **limits).find(person.id, talk.cid, question, earlier)


def texts(found: list[Source]) -> list[str]:
    return [one.text for one in found]


def test_sources_say_where_they_are_from_and_count_from_one(talk: Talk) -> None:
    made = ready(talk, "The ship.", "A white whale.", name="moby.md")
    (found,) = find(talk, "Which whales are there?")
    assert found == Source(1, made.id, "moby.md", 2, None, "", "A white whale.")


def test_no_more_of_a_library_are_given_than_are_wanted(talk: Talk) -> None:
    ready(talk, *(f"Whale number {number}." for number in range(20)))
    found = find(talk, "whale", most=3)
    assert [one.number for one in found] == [1, 2, 3]


def test_what_nothing_answers_brings_nothing_along(talk: Talk) -> None:
    ready(talk, "The ship sailed.")
    assert find(talk, "How are you?") == []
    assert find(talk, "Which whale?") == []


def test_a_question_in_a_script_without_spaces_finds_what_has_its_words(talk: Talk) -> None:
    ready(
        talk,
        "每位员工每年享有二十天带薪年假。",
        "员工手册：差旅报销须在三十天内提交。",
        "A word.",
        "The ship.",
    )
    found = texts(find(talk, "员工有多少天年假？"))
    assert found[:1] == ["每位员工每年享有二十天带薪年假。"]
    assert find(talk, "火车什么时候开？") == []


def test_a_short_attachment_is_given_whole_in_its_order_and_before_the_library(talk: Talk) -> None:
    ready(talk, "A whale in the library.")
    ready(talk, "First.", "Then a whale.", "Last.", conversation_id=talk.cid)
    ready(talk, "And another.", conversation_id=talk.cid)
    whole = ["First.", "Then a whale.", "Last.", "And another."]
    assert texts(find(talk, "Which whale?")) == [*whole, "A whale in the library."]
    assert texts(find(talk, "Sum it up.")) == whole


def test_of_a_long_attachment_what_answers_is_given(talk: Talk) -> None:
    ready(talk, "First.", "Then a whale.", "Last.", conversation_id=talk.cid)
    assert texts(find(talk, "Which whale?", tokens=50)) == ["Then a whale."]


def test_of_a_long_attachment_that_nothing_in_it_answers_the_beginning_is_given(talk: Talk) -> None:
    ready(talk, *(f"Part {number}." for number in range(1, 10)), conversation_id=talk.cid)
    assert texts(find(talk, "What is this about?", tokens=50)) == ["Part 1.", "Part 2.", "Part 3."]


def test_a_guest_is_given_nothing_of_the_owners_library(talk: Talk) -> None:
    ready(talk, "A whale.")
    assert find(talk, "whale", person=BEN) == []


def test_a_question_of_few_words_goes_on_with_the_one_before(talk: Talk) -> None:
    ready(talk, "The whale was white.", "The ship was black.")
    assert texts(find(talk, "And why?", "Which colour had the whale?")) == ["The whale was white."]
    assert texts(find(talk, "And the ship?", "Which colour had the whale?"))[0] == "The ship was black."
    own = "Which ship was painted black by sailors?"
    assert texts(find(talk, own, "Which colour had the whale?")) == ["The ship was black."]


def test_what_is_found_by_meaning_comes_along(talk: Talk) -> None:
    ready(talk, "The whale was white.", "Cetaceans breathe.", "The ship was black.")
    meaning = Meaning("Cetaceans breathe.", "The whale was white.", talk=talk)
    assert texts(find(talk, "whale", vectors=meaning)) == ["The whale was white.", "Cetaceans breathe."]
    assert meaning.asked == ["whale"]


def test_meaning_is_asked_with_the_question_before_where_that_has_few_words(talk: Talk) -> None:
    meaning = Meaning(talk=talk)
    find(talk, "And why?", "Which colour had the whale?", vectors=meaning)
    assert meaning.asked == ["Which colour had the whale?\nAnd why?"]


def test_what_meaning_must_not_find_is_not_given(talk: Talk) -> None:
    ready(talk, "Ben's whale.", owner=BEN)
    gone = ready(talk, "A deleted whale.")
    talk.write(documents.discard, gone.id, talk.now)
    meaning = Meaning("Ben's whale.", "A deleted whale.", talk=talk)
    assert find(talk, "whale", vectors=meaning) == []


def test_with_broken_vectors_words_are_found_alone(talk: Talk) -> None:
    ready(talk, "A white whale.")
    assert texts(find(talk, "Which whale?", vectors=Broken())) == ["A white whale."]


def test_a_document_that_is_there_twice_is_given_once(talk: Talk) -> None:
    ready(talk, "A white whale.")
    ready(talk, "A white whale.", name="copy.md")
    assert texts(find(talk, "whale")) == ["A white whale."]


def test_on_sqlite_words_are_looked_for_beside_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Talk(f"sqlite:///{tmp_path}/talk.sqlite3") as talk:
        ready(talk, "The lease ends in May.")
        threads = []

        def noted(*arguments: Any) -> Any:
            threads.append(thread())
            return look(*arguments)

        monkeypatch.setattr(retrieval, "look", noted)
        assert find(talk, "When does the lease end?")
        assert thread() not in threads
        assert len(threads) == 1
