"""Finding passages: by the words of a question, within what may be drawn on, with bounded work."""

from typing import Any

import pytest
from sqlalchemy import Connection

from chat.core.ranking import Term
from chat.core.stems import terms
from chat.store import documents, members, passage_index, passage_search
from tests.store.library import add, claim, passages_of, put, ready
from tests.store.talk import ADA, BEN, Talk


def search(talk: Talk, question: str, person: Any = ADA, most: int = 10) -> list[str]:
    wanted = [Term(forms, 1.0) for forms in terms(question)]
    asker = (person.id, talk.cid)

    def look(conn: Connection) -> list[str]:
        where = passage_search.place(conn, *asker)
        return [one.found.text for one in passage_search.search(conn, *asker, where, wanted, most)]

    return talk.store.read(look)


def test_what_answers_a_question_is_found_and_the_best_comes_first(talk: Talk) -> None:
    ready(talk, "The ship sailed.", "A white whale was hunted.", "The whale.", "Nothing of it.")
    assert search(talk, "Who hunts the white whale?") == ["A white whale was hunted.", "The whale."]


def test_no_more_are_found_than_are_wanted(talk: Talk) -> None:
    ready(talk, *(f"Whale number {number}." for number in range(20)))
    assert len(search(talk, "whale", most=3)) == 3


def test_what_nobody_wrote_is_not_found(talk: Talk) -> None:
    assert search(talk, "whale") == []
    ready(talk, "The ship sailed.")
    assert search(talk, "whale") == []
    assert search(talk, "How are you?") == []


def test_a_word_in_common_is_no_answer(talk: Talk) -> None:
    ready(talk, "A whale of a time.", *["Nothing else."] * 20)
    assert search(talk, "whale hunting ships harpoons captains mutiny storm Nantucket") == []


def test_others_libraries_are_not_found(talk: Talk) -> None:
    ready(talk, "Ben's whale.", owner=BEN)
    ready(talk, "Ada's whale.")
    assert search(talk, "whale") == ["Ada's whale."]


def test_who_joined_finds_what_is_attached_and_not_the_owners_library(talk: Talk) -> None:
    _, token = talk.write(members.invite, talk.cid, "co-driver", talk.now)
    talk.write(members.accept, token, BEN, talk.now)
    ready(talk, "Ada's whale.")
    ready(talk, "Everybody's whale.", conversation_id=talk.cid)
    assert search(talk, "whale", BEN) == ["Everybody's whale."]
    assert set(search(talk, "whale")) == {"Ada's whale.", "Everybody's whale."}


def test_what_is_deleted_is_not_found_and_takes_nobodys_place(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage_search, "READ", 2)
    gone = ready(talk, *["White whale, white whale."] * 5)
    ready(talk, "A whale is left.")
    talk.write(documents.discard, gone.id, talk.now)
    assert search(talk, "white whale") == ["A whale is left."]
    talk.write(documents.restore, gone.id)
    assert len(search(talk, "white whale")) == 2


def test_what_is_still_read_is_not_found(talk: Talk) -> None:
    ready(talk, "A whale.")
    add(talk, name="long.md")
    taken = claim(talk)
    assert taken is not None
    put(talk, taken, passages_of("An unfinished whale."))
    assert search(talk, "whale") == ["A whale."]


def test_two_people_on_one_shelf_find_only_their_own(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "shelf_of", lambda owner_id, conversation_id: "00000")
    ready(talk, "Ada's whale.")
    ready(talk, "Ben's whale.", owner=BEN)
    assert search(talk, "whale") == ["Ada's whale."]


def test_a_passage_beside_another_that_answers_is_the_better_one(talk: Talk) -> None:
    ready(talk, "A whale alone.", "Nothing here.", "A whale in company.", "White whale, white whale.")
    found = search(talk, "white whale")
    assert found.index("A whale in company.") < found.index("A whale alone.")


def test_in_two_languages_each_is_found_by_its_own_words(talk: Talk) -> None:
    ready(talk, "Das Haus am See wurde verkauft.")
    ready(talk, "The houses by the lake were sold.")
    assert search(talk, "Welche Häuser wurden verkauft?") == ["Das Haus am See wurde verkauft."]
    assert search(talk, "Which house was sold?") == ["The houses by the lake were sold."]


def test_where_words_are_everywhere_only_so_many_passages_are_looked_up(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage_search, "MOST_HOLDING", 20)
    monkeypatch.setattr(passage_index, "SAMPLE", 1)
    looked_up: list[int] = []
    find = passage_index.find

    def counted(*asked: Any) -> Any:
        lists = find(*asked)
        looked_up.append(sum(map(len, lists)))
        return lists

    monkeypatch.setattr(passage_index, "find", counted)
    common = [f"Ship and sea, number {number}." for number in range(50)]
    ready(talk, *common, "The whale in the sea, by a ship.", "A whale.")
    assert search(talk, "whale sea ship")[0] == "The whale in the sea, by a ship."
    assert len(search(talk, "sea ship")) > 3
    assert all(many <= 20 for many in looked_up)


def test_of_words_that_are_common_those_passages_are_found_that_hold_both(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage_search, "MOST_HOLDING", 4)
    monkeypatch.setattr(passage_index, "SAMPLE", 1)
    ships = [f"A ship, number {number}." for number in range(10)]
    seas = [f"The sea, number {number}." for number in range(10)]
    ready(talk, *ships, *seas, *["Nothing else."] * 40, "A ship at sea.")
    assert search(talk, "sea ship")[0] == "A ship at sea."
    assert search(talk, "ship")[0] in [*ships, "A ship at sea."]
