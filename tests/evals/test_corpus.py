"""The questions can be trusted: each names words that answer it, which stand where they are said to."""

import re
from collections import Counter

import pytest

from chat.core.documents.cutting import cut
from chat.core.stems import language_of
from chat.extraction import markdown
from evals import corpus
from evals.corpus import HERE, Question, flat

QUESTIONS = corpus.questions()
TEXTS = corpus.texts()


@pytest.mark.parametrize("text", TEXTS)
def test_what_answers_a_question_stands_in_its_text_exactly_once(text: str) -> None:
    whole = flat(TEXTS[text].decode())
    said = [one for question in _about(text) for one in question.says]
    assert [one for one in said if whole.count(one) != 1] == []


@pytest.mark.parametrize("text", TEXTS)
def test_what_answers_a_question_stands_whole_in_one_passage(text: str) -> None:
    passages = [flat(one.text) for one in cut(markdown.read(TEXTS[text]))]
    said = [one for question in _about(text) for one in question.says]
    assert [one for one in said if sum(one in passage for passage in passages) != 1] == []


def test_there_are_enough_questions_in_several_languages() -> None:
    languages = Counter(language_of(TEXTS[question.about].decode()) for question in QUESTIONS)
    assert len(QUESTIONS) >= 100
    assert languages["en"] >= 50
    assert languages["de"] >= 30
    assert languages["fr"] >= 10


def test_a_third_is_held_out_of_each_text() -> None:
    for text in TEXTS:
        asked = _about(text)
        assert sum(one.held_out for one in asked) == len(asked) // 3


def test_nothing_is_asked_twice() -> None:
    assert len({one.ask for one in QUESTIONS}) == len(QUESTIONS)


def test_each_text_says_whose_it_is_and_why_it_is_free() -> None:
    told = re.findall(
        r"^\| `([\w-]+)\.md` \|.*\|.*\|.*\|.*\d{4}.*\|.+\|$", (HERE / "SOURCES.md").read_text(), re.MULTILINE
    )
    assert sorted(told) == sorted(TEXTS)


def test_the_texts_are_a_small_part_of_the_repository() -> None:
    assert sum(map(len, TEXTS.values())) < 1_500_000


def _about(text: str) -> list[Question]:
    return [one for one in QUESTIONS if one.about == text]
