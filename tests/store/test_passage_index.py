"""The index of passages' words: what is on a shelf is found there, about how often is told, and it can go."""

from collections.abc import Iterable, Sequence

import pytest

from chat.store import passage_index
from chat.store.passage_index import SAMPLE, TWICE, Entry, Lookup, shelf_of
from tests.store.talk import Talk

ADAS, BENS = shelf_of("ada", None), shelf_of("ben", None)


def put(talk: Talk, shelf: str, texts: Iterable[str], first: int = 1) -> None:
    entries = [Entry(seq, shelf, said.split()) for seq, said in enumerate(texts, first)]
    talk.store.write(lambda tx: passage_index.put(tx.conn, entries))


def find(
    talk: Talk, *terms: Sequence[str], shelves: Sequence[str] = (ADAS,), mark: str = "", most: int = 10
) -> set[int]:
    wanted = Lookup(tuple(map(tuple, terms)), mark)
    found = talk.store.read(lambda conn: passage_index.find(conn, shelves, [wanted], most))
    return {int(seq) for seq in found[0]}


def test_a_passage_is_found_by_any_form_of_a_word(talk: Talk) -> None:
    put(talk, ADAS, ["whal hunt", "ship", "whale"])
    assert find(talk, ("whal", "whale")) == {1, 3}
    assert find(talk, ("nothing",)) == set()


def test_of_several_words_all_are_there(talk: Talk) -> None:
    put(talk, ADAS, ["whal hunt", "whal ship", "ship hunt"])
    assert find(talk, ("whal", "whale"), ("ship", "boat")) == {2}


def test_a_word_that_is_there_twice_can_be_asked_for(talk: Talk) -> None:
    put(talk, ADAS, ["whal whal", "whal"])
    assert find(talk, ("whal",), mark=TWICE) == {1}


def test_what_stands_on_another_shelf_is_not_found(talk: Talk) -> None:
    put(talk, ADAS, ["whal"])
    put(talk, BENS, ["whal"], first=2)
    put(talk, shelf_of("ada", "a conversation"), ["whal"], first=3)
    assert find(talk, ("whal",)) == {1}
    assert find(talk, ("whal",), shelves=(ADAS, BENS)) == {1, 2}
    assert find(talk, ("whal",), shelves=()) == set()


def test_no_more_are_listed_than_is_said(talk: Talk) -> None:
    put(talk, ADAS, ["whal"] * 20)
    assert len(find(talk, ("whal",), most=5)) == 5


def test_what_is_taken_out_is_gone_and_doing_it_twice_is_harmless(talk: Talk) -> None:
    put(talk, ADAS, ["whal whal", "whal"])
    for _ in range(2):
        talk.store.write(lambda tx: passage_index.take_out(tx.conn, [1, 17]))
    assert find(talk, ("whal",)) == {2}
    assert find(talk, ("whal",), mark=TWICE) == set()
    put(talk, ADAS, ["ship"])
    assert find(talk, ("ship",)) == {1}


def test_how_common_a_word_is_is_told_by_a_sample(talk: Talk) -> None:
    put(talk, ADAS, ["whal ship" if seq % 2 else "whal" for seq in range(10 * SAMPLE)])
    counted = talk.store.read(lambda conn: passage_index.count(conn, [ADAS], [("whal",), ("none",)]))
    assert counted == [10 * SAMPLE, 0]
    assert talk.store.read(lambda conn: passage_index.count(conn, [BENS], [("whal",)])) == [0]
    assert talk.store.read(lambda conn: passage_index.count(conn, [ADAS], [])) == []


@pytest.mark.parametrize(
    "word", ["наука", "東京", "naïf", "ﬁ", "and", "or", "not", "near", "null", "ʼ", "كتاب"]
)
def test_words_of_all_scripts_are_words(talk: Talk, word: str) -> None:
    put(talk, ADAS, [f"{word} {word}", "other"])
    assert find(talk, (word,)) == {1}
    assert find(talk, (word,), mark=TWICE) == {1}
