"""Searching: one finds all that one may read, and nothing else; the index follows what is stored."""

from typing import Any

import pytest
from sqlalchemy import insert, text

from chat.core.lifecycle import Status
from chat.core.searching import parse
from chat.store import conversations, discarding, search, search_index
from chat.store.paging import BadPage
from chat.store.people import Person
from chat.store.search import Hit
from chat.store.tables import members, search_backlog
from tests.store.talk import ADA, BEN, Talk, count, stream_of


def found(talk: Talk, typed: str, person: Person = ADA, **more: Any) -> list[Hit]:
    hits, _ = talk.read(search.search, person.id, parse(typed), **more)
    return hits


def texts(talk: Talk, typed: str, person: Person = ADA) -> list[str]:
    return [hit.text for hit in found(talk, typed, person)]


def catch_up(talk: Talk) -> None:
    while talk.write(search.index_some):
        pass


def indexed(talk: Talk) -> int:
    return int(talk.read(lambda conn: conn.execute(text("SELECT count(*) FROM search")).scalar_one()))


def test_questions_and_answers_are_found_newest_first(talk: Talk) -> None:
    talk.answered("Where do rivers rise?", "Rivers rise in springs.")
    talk.answered("And deltas?", "Rivers end in them.")
    assert texts(talk, "rivers") == [
        "Rivers end in them.",
        "Rivers rise in springs.",
        "Where do rivers rise?",
    ]
    hit = found(talk, "springs")[0]
    assert (hit.role, hit.author, hit.conversation_id, hit.title) == (
        "assistant",
        None,
        talk.cid,
        "Where do rivers rise?",
    )


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("rivers rise ", True),
        ("rise rivers ", True),
        ('"rivers rise"', True),
        ('"rise rivers"', False),
        ("riv", True),
        ("riv ", False),
        ("RÍVERS ", True),
        ("rivers mountains ", False),
        ("日本", True),
        ("本日", False),
        ("語を話", True),
        ("서울", True),
        ("don't", True),
        ("a", False),
    ],
)
def test_what_was_typed_decides_what_is_found(talk: Talk, typed: str, finds: bool) -> None:
    talk.ask("Where do rivers rise, 日本語を話す 서울에서, don't they?")
    assert bool(found(talk, typed)) is finds


@pytest.mark.parametrize(
    "typed", ["", '"', "* OR 1", "words:x", "NEAR(a b)", "') --", "a AND", "\x00", "'&|!:*"]
)
def test_what_looks_like_a_query_language_is_text(talk: Talk, typed: str) -> None:
    talk.ask("Nothing of the kind.")
    assert found(talk, typed) == []


def test_an_answer_is_found_when_it_has_ended_and_a_live_one_is_not(talk: Talk) -> None:
    live = talk.ask("One?")
    epoch = talk.stream(live, "Springs ")
    assert found(talk, "springs") == []
    talk.end(live, epoch, Status.STOPPED, "Springs and brooks")
    assert texts(talk, "brooks") == ["Springs and brooks"]


def test_others_find_nothing_unless_it_is_shared_with_them(talk: Talk) -> None:
    theirs = talk.begin(owner=BEN)
    talk.answered("Rivers of Ada's")
    talk.answered("Rivers of Ben's", conversation=theirs, author=BEN)
    assert texts(talk, "rivers", BEN) == ["Rivers of Ben's"]
    assert found(talk, "rivers", Person("nobody", "Nobody")) == []

    row = {"conversation_id": talk.cid, "person_id": BEN.id, "role": "viewer", "created_at": 1.0}
    talk.write(lambda tx: tx.execute(insert(members).values(row)))
    assert texts(talk, "rivers", BEN) == ["Rivers of Ben's", "Rivers of Ada's"]
    talk.write(lambda tx: tx.execute(members.delete()))
    assert texts(talk, "rivers", BEN) == ["Rivers of Ben's"]


def test_two_on_one_shelf_are_told_apart(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "shelf_of", lambda owner_id, era: "00000")
    talk.ask("Rivers of Ada's")
    assert found(talk, "rivers", BEN) == []
    assert texts(talk, "rivers") == ["Rivers of Ada's"]


def test_the_discarded_is_not_found_until_it_is_back(talk: Talk) -> None:
    talk.answered("Rivers?")
    talk.write(discarding.discard, talk.cid, talk.now)
    assert found(talk, "rivers") == []
    talk.write(discarding.restore, talk.cid)
    assert len(found(talk, "rivers")) == 1


def test_nothing_of_the_deleted_is_left_in_the_index(talk: Talk) -> None:
    asked = talk.answered("Rivers?", "Springs.")
    talk.remove(asked)
    assert found(talk, "springs") == []
    assert indexed(talk) == 1
    talk.write(conversations.delete, talk.streams, talk.cid)
    assert indexed(talk) == 0


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_join_to_all_hits(talk: Talk, limit: int) -> None:
    for number in range(4):
        talk.answered(f"Rivers {number}", f"Rivers again {number}")
    whole = found(talk, "rivers")
    pages: list[Hit] = []
    after = None
    while True:
        hits, after = talk.read(search.search, ADA.id, parse("rivers"), limit, after)
        assert len(hits) <= limit
        pages += hits
        if after is None:
            break
    assert pages == whole
    assert len(pages) == 8


def test_it_finds_across_eras(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "ERA", 3)
    for number in range(12):
        talk.answered(f"Rivers {number}")
    assert len(found(talk, "rivers")) == 12
    assert texts(talk, "rivers 0 ") == ["Rivers 0"]


def test_a_bad_place_or_limit_is_refused(talk: Talk) -> None:
    for limit, after in ((0, None), (201, None), (5, "nonsense")):
        with pytest.raises(BadPage):
            talk.read(search.search, ADA.id, parse("rivers"), limit, after)


# ── what was there before ────────────────────────────────────────────────────────────────────


def test_what_is_not_indexed_yet_is_caught_up_with(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        talk.answered(f"Rivers {number}")
    live = talk.ask("Rivers too, and this is being answered")
    talk.stream(live, "Rivers.")
    talk.write(lambda tx: tx.execute(text("DELETE FROM search")))
    monkeypatch.setattr(search, "STEP_MESSAGES", 4)
    talk.write(search.index_later, [talk.cid, "gone"])
    assert talk.read(search.is_behind)
    catch_up(talk)
    assert not talk.read(search.is_behind)
    assert len(found(talk, "rivers")) == 6
    assert indexed(talk) == 11


def test_what_is_said_meanwhile_is_indexed_once(talk: Talk) -> None:
    talk.write(search.index_later, [talk.cid])
    talk.answered("Rivers?", "Springs.")
    catch_up(talk)
    assert indexed(talk) == 2
    assert len(found(talk, "springs")) == 1


def test_it_goes_along_to_another_owner(talk: Talk) -> None:
    talk.answered("Rivers?")
    talk.begin(owner=BEN)
    talk.write(lambda tx: tx.execute(text("UPDATE conversations SET owner_id = 'ben'")))
    talk.write(search.index_later, [talk.cid])
    catch_up(talk)
    assert found(talk, "rivers") == []
    assert texts(talk, "rivers", BEN) == ["Rivers?"]


def test_a_deleted_conversation_waits_for_nothing(talk: Talk) -> None:
    talk.write(search.index_later, [talk.cid])
    talk.write(conversations.delete, talk.streams, talk.cid)
    assert talk.read(count, search_backlog) == 0


def test_an_interrupted_answer_is_found_and_found_anew_when_it_went_on(talk: Talk) -> None:
    asked = talk.ask("One?")
    talk.end(asked, talk.stream(asked), Status.INTERRUPTED, "Springs")
    assert texts(talk, "springs") == ["Springs"]
    talk.end(asked, talk.stream(asked, resume=True), Status.DONE, "Springs and brooks")
    assert texts(talk, "springs") == ["Springs and brooks"]
    assert stream_of(asked)
