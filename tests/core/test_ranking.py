"""Ranking: rare words count more, more of them count more, and near each other most."""

import unicodedata

import pytest

from chat.core.ranking import POINTS, Asked, Term, Text, bare, weight_of
from chat.core.searching import fold, is_kept
from chat.core.stems import terms


def asked(question: str, *weights: float) -> Asked:
    found = terms(question)
    return Asked([Term(forms, weight) for forms, weight in zip(found, weights or [1.0] * 99, strict=False)])


def score(question: str, text: str, *weights: float) -> float:
    return asked(question, *weights).answered(Text(text)).score


def test_what_has_no_word_of_the_question_answers_nothing() -> None:
    found = asked("white whale").answered(Text("A ship sailed."))
    assert (found.score, found.held) == (0, 0)


def test_other_forms_of_a_word_count() -> None:
    assert score("whales hunted", "They hunt the whale.") > 0
    assert score("Häuser", "Ein Haus am See") > 0
    assert score("haus", "Die HÄUSER") > 0


def test_the_beginning_of_another_word_does_not_count() -> None:
    assert score("art", "an article about parties") == 0


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    rare, common = weight_of(2, 1000), weight_of(600, 1000)
    assert rare > 5 * common > 0
    assert score("whale ship", "the whale", rare, common) > score("whale ship", "the ship", rare, common)


def test_a_word_that_is_everywhere_is_still_worth_something() -> None:
    assert weight_of(1000, 1000) > 0
    assert weight_of(2000, 1000) > 0
    assert weight_of(0, 0) > 0


def test_more_of_a_word_counts_more_but_not_as_much_more() -> None:
    once, twice, often = (score("whale", "x " * (100 - many) + "whale " * many) for many in (1, 2, 20))
    assert once < twice < often < 2 * once


def test_the_longer_passage_has_to_say_it_more_often() -> None:
    assert score("whale", "whale " + "word " * 20) > score("whale", "whale " + "word " * 300)


def test_words_that_are_near_each_other_count_more() -> None:
    far = "white " + "word " * 60 + "whale"
    near = "white whale" + " word" * 60
    assert score("white whale", near) > score("white whale", far)


def test_headings_and_the_end_of_the_passage_before_count_but_less() -> None:
    its = asked("whale")
    own, before, above = (
        its.answered(Text(**{"own": "x", key: "whale"})).score for key in ("own", "before", "above")
    )
    assert own > before > 0
    assert own > above > 0


def test_how_much_of_a_question_is_held_is_told_by_weight() -> None:
    assert asked("whale ship", 3, 1).answered(Text("a whale")).held == 0.75
    assert asked("whale ship", 3, 1).answered(Text("a whale", above="ships")).held == 1


def test_where_two_words_of_a_script_without_spaces_meet_nothing_is_asked_for() -> None:
    said = Text("每位员工每年享有二十天带薪年假。")
    assert asked("员工有多少天年假？").answered(said).held > 1 / 2
    assert asked("年假").answered(said).held == 1


def test_scripts_without_spaces_are_found_within() -> None:
    assert score("天気", "東京の天気は晴れです。") > 0
    assert score("気天", "東京の天気は晴れです。") == 0
    assert score("水", "飲み水はある") > 0
    assert score("Python", "これはPythonです。") > 0


@pytest.mark.parametrize(
    "word", ["ÉCOLE", "Straße", "ﬁn", "ｅｘｔｒａ", "Ёлка", "שָׁלוֹם", "हिन्दी", "ガラス", "Ω"]
)
def test_a_whole_text_is_folded_as_its_words_are(word: str) -> None:
    assert bare(word) == fold(word)


@pytest.mark.parametrize("word", ["a.b*c", "(", "[x", "ÉCOLE", "हिन्दी", "naïf"])
def test_whatever_is_asked_for_can_be_looked_for(word: str) -> None:
    its = asked(word)
    assert its.answered(Text(word)).held == (1 if terms(word) else 0)


def test_the_points_that_make_no_difference_are_known_in_every_script() -> None:
    combining = (code for code in range(0x300, 0x1E950) if unicodedata.combining(chr(code)))
    assert {code for code in combining if not is_kept(chr(code))} == set(POINTS)
