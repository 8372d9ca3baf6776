"""Words, queries and snippets: what is typed finds what was written, and never more than it says."""

import random
import time
import unicodedata

import pytest

from chat.core.searching import (
    LONGEST_WORD,
    MARK_CODES,
    MOST_TERMS,
    MOST_WORDS,
    SHOWN,
    Term,
    parse,
    snippet,
    words,
)

SAMPLES = [
    "Hello, World! don't",
    "日本語を話す",
    "Crème brûlée, Straße, ΣΊΣΥΦΟΣ",
    "한국어 서울에서",
    "ภาษาไทย",
    "हिन्दी में",
    "ＡＢＣ ﬁne ½ ①",
    "snake_case foo.bar/baz https://example.org/?q=1",
    "\x00\x01 \ud800 🎉👩‍👩‍👧 e\u0301",
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, World! don't", ["hello", "world", "don", "t"]),
        ("Crème brûlée", ["creme", "brulee"]),
        ("Cre\u0300me", ["creme"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ＡＢＣ ﬁne", ["abc", "fine"]),
        ("日本語", ["日", "本", "語"]),
        ("서울에서", ["서울에서"]),
        ("snake_case", ["snake", "case"]),
        ("v2.1", ["v2", "1"]),
        ("… — !", []),
        ("", []),
    ],
)
def test_text_is_folded_into_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_marks_that_make_another_word_of_it_are_kept() -> None:
    assert words("が") != words("か")
    assert words("हिन्दी") == ["हिन्दी"]


@pytest.mark.parametrize("text", SAMPLES)
def test_a_word_is_made_of_letters_and_digits_alone(text: str) -> None:
    for word in words(text):
        assert not set(word) & set("\"'*:()&|!<>\\ -^+\x00"), word
        assert word == word.casefold()


@pytest.mark.parametrize("text", SAMPLES)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


def test_long_words_and_long_texts_are_cut() -> None:
    assert words("x" * 1000) == ["x" * LONGEST_WORD]
    assert len(words("word " * 50_000)) == MOST_WORDS


# ── queries ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("rivers", (Term(("rivers",), prefix=True),)),
        ("rivers ", (Term(("rivers",)),)),
        ("where rivers", (Term(("where",)), Term(("rivers",), prefix=True))),
        ('"where rivers" rise', (Term(("where", "rivers")), Term(("rise",), prefix=True))),
        ('"where rivers"', (Term(("where", "rivers")),)),
        ("“where rivers”", (Term(("where", "rivers")),)),
        ('"where riv', (Term(("where",)), Term(("riv",), prefix=True))),
        ("日本", (Term(("日", "本")),)),
        ("foo-bar", (Term(("foo", "bar"), prefix=True),)),
        ("a", (Term(("a",)),)),
        ("same same same ", (Term(("same",)),)),
        ('" " * ( ', ()),
        ("", ()),
    ],
)
def test_what_was_typed_is_read(typed: str, query: tuple[Term, ...]) -> None:
    assert parse(typed) == query


def test_nothing_that_can_be_typed_is_too_much() -> None:
    at_random = random.Random(1)
    for _ in range(500):
        typed = "".join(at_random.choice("ab\"'*()^-: é日\x00\ud800") for _ in range(200))
        query = parse(typed)
        assert len(query) <= MOST_TERMS
        snippet(typed, query)


# ── snippets ─────────────────────────────────────────────────────────────────────────────────


def test_a_snippet_marks_what_was_found() -> None:
    assert snippet("Where do rivers rise?", parse("riv")) == [
        ("Where do ", False),
        ("rivers", True),
        (" rise?", False),
    ]
    assert ("Crème", True) in snippet("Une Crème brûlée", parse("creme"))
    assert ("日本", True) in snippet("これは日本語です", parse("日本"))


def test_a_phrase_is_marked_as_a_whole_and_only_where_it_stands() -> None:
    found = snippet("rivers where rivers rise, rise rivers", parse('"rivers rise"'))
    assert [text for text, is_hit in found if is_hit] == ["rivers rise"]


def test_it_shows_the_place_where_most_of_it_is() -> None:
    far = "alpha " + "filler " * 200 + "alpha beside omega" + " filler" * 200
    found = snippet(far, parse("alpha omega "))
    assert [text for text, is_hit in found if is_hit] == ["alpha", "omega"]
    assert found[0] == ("… ", False)
    assert found[-1] == (" …", False)


@pytest.mark.parametrize("text", [*SAMPLES, "x" * 5000, "word\n\n" * 5000])
def test_a_snippet_is_short_one_line_and_nothing_but_the_text(text: str) -> None:
    shown = "".join(piece for piece, _ in snippet(text, parse("word foo")))
    assert len(shown) <= SHOWN + 4
    assert "\n" not in shown


@pytest.mark.parametrize("letter", ["a", "\u0e01"])
def test_a_word_of_a_million_marks_holds_up_nobody(letter: str) -> None:
    began = time.process_time()
    words(letter + "\u0f71\u0f72\u0f74" * 100_000)  # out of order: sorting takes the square of their number
    assert time.process_time() - began < 5  # minutes, where all of them are put in order


def test_marks_are_known_wherever_a_script_has_them() -> None:
    all_there_are = (
        code for code in range(0x300, 0x1E950) if unicodedata.category(chr(code)) in ("Mn", "Mc")
    )
    assert list(all_there_are) == MARK_CODES
