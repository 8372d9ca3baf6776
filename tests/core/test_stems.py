"""Stems: what is asked for in other forms is found, and what says nothing is not asked for."""

import pytest

from chat.core.stems import ASKED, LANGUAGES, MOST_TERMS, language_of, stems, terms
from chat.core.stop_words import STOP_WORDS

SAID = {
    "en": "It was the best of times, it was the worst of times, and we had everything before us.",
    "de": "Als Gregor Samsa eines Morgens aus unruhigen Träumen erwachte, fand er sich in seinem Bett.",
    "fr": "Longtemps, je me suis couché de bonne heure, et les yeux se fermaient si vite.",
    "es": "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, vivía un hidalgo.",
    "it": "Nel mezzo del cammin di nostra vita mi ritrovai per una selva oscura, che la via era smarrita.",
    "nl": "Het was een van die dagen waarop men niet wist of hij nog zou komen naar ons huis.",
    "pt": "Não era uma casa que se visse da estrada, mas todos os que por ela passavam a conheciam.",
}


def asks_for(question: str, text: str, language: str | None) -> bool:
    found = set(stems(text, language))
    return all(found & set(forms) for forms in terms(question))


@pytest.mark.parametrize("language", SAID)
def test_a_language_is_told_by_the_words_that_say_nothing(language: str) -> None:
    assert language_of(SAID[language]) == language


@pytest.mark.parametrize("said", ["", "17 4 9 3.14", "Ahab Pequod Starbuck", "東京の天気", "x = y + 1"])
def test_of_what_has_no_such_words_no_language_is_told(said: str) -> None:
    assert language_of(said) is None


def test_each_language_that_is_told_has_stems() -> None:
    assert STOP_WORDS.keys() == LANGUAGES.keys()


@pytest.mark.parametrize(
    ("language", "question", "text"),
    [
        ("en", "Which whales were hunted?", "They hunt the whale."),
        ("de", "Wer wohnt in den Häusern?", "Das Haus, in dem er wohnte."),
        ("fr", "Les libertés perdues", "La liberté est perdue."),
        ("es", "las naciones", "la nación"),
        ("es", "la nacion", "la nación"),
        ("it", "le libertà", "della liberta"),
        ("nl", "de paarden", "een paard"),
        ("pt", "os corações", "coração corações"),
    ],
)
def test_other_forms_of_a_word_are_what_is_asked_for(language: str, question: str, text: str) -> None:
    assert asks_for(question, text, language)


def test_where_no_language_is_told_words_are_found_as_they_are() -> None:
    assert asks_for("the pequods", "Pequods", None)


@pytest.mark.parametrize("said", ["How are you?", "Wie ist das?", "Et pourquoi donc ?", "?!", "", "the"])
def test_what_says_nothing_asks_for_nothing(said: str) -> None:
    assert terms(said) == []


def test_a_word_that_says_nothing_elsewhere_is_asked_for() -> None:
    assert any("die" in forms for forms in terms("Why did he die?"))
    assert not any("die" in forms for forms in terms("Wo ist die Kirche?"))


def test_no_stem_is_a_word_that_says_nothing_in_another_language() -> None:
    assert not asks_for("in the forest", "We looked for everything.", "en")
    assert not asks_for("un chasseur pourrait aller", "We saw all of them chasing.", "en")
    assert asks_for("in the forest", "There are two forests.", "en")


def test_a_question_is_asked_for_in_the_order_of_its_words_and_each_once() -> None:
    assert [forms[-1] for forms in terms("zebra apple zebra")] == ["zebra", "apple"]


def test_scripts_without_spaces_are_found_by_neighbours() -> None:
    text = "東京の天気は晴れです。"
    assert asks_for("天気", text, None)
    assert asks_for("京", text, None)
    assert not asks_for("気天", text, None)
    assert terms("天気") == [("天気",)]


def test_digits_are_words() -> None:
    assert asks_for("IBM 360", "The ibm 360/91", "en")


def test_a_long_question_is_looked_at_in_its_beginning() -> None:
    assert len(terms(" ".join(f"word{number}" for number in range(1000)))) == MOST_TERMS
    assert terms("." * ASKED + "late") == []


def test_whatever_a_text_is_made_of_its_stems_are_letters_and_digits() -> None:
    found = stems("\x00\ud800 naïve café-cre\u0301me ﬁne İ ß \U0001f600 _x_ 'y'·z", "fr")
    assert {"naiv", "caf", "x", "y", "z"} <= set(found)
    assert all(word.isalnum() for word in found)
