"""A snippet of an answer shows its words: what of Markdown a reader never sees is left out of it."""

import random

import pytest

from chat.core.markdown.plain import NEAR, marks_near
from chat.core.searching import parse, snippet


def plain(text: str) -> str:
    shown, at = "", 0
    for begin, end in marks_near(text, 0):
        shown += text[at:begin]
        at = end
    return shown + text[at:]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("# Springs\n\n**Rain** that *sinks in*", "Springs\n\nRain that sinks in"),
        (
            "See [the delta](https://example.org/delta_(river)) ![map](https://example.org/m)",
            "See the delta map",
        ),
        ("- one\n* two\n- [x] three\n1. first", "one\ntwo\nthree\n1. first"),
        ("> said\n> > before", "said\nbefore"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", " a  b \n\n 1  2 "),
        ("Heading\n=======\n\ntext\n\n* * *\n", "Heading\n\n\ntext\n\n\n"),
        ("~~gone~~ and __loud__", "gone and loud"),
        (r"\*no mark\* \# either", "*no mark* # either"),
    ],
)
def test_marks_are_left_out(written: str, shown: str) -> None:
    assert plain(written) == shown


@pytest.mark.parametrize("text", ["2*3*4 and 2 * 3", "snake_case_names", "[1] and [2, 3]", "x - y", "#1"])
def test_what_only_looks_like_a_mark_stays(text: str) -> None:
    assert plain(text) == text


def test_code_stays_as_it_was_written_without_its_fences() -> None:
    assert plain("```python\ndef f(*args): # **no**\n```\nthen") == "\ndef f(*args): # **no**\nthen"
    assert plain("~~~\nx = [a](b)") == "\nx = [a](b)"
    assert plain("call `f(*a, __b__)` now") == "call f(*a, __b__) now"


def test_a_place_deep_in_code_is_known_to_be_code() -> None:
    code = "```\n" + "x = a * b\n" * NEAR + "**kwargs\n```\n**bold**"
    spans = list(marks_near(code, code.index("**kwargs")))
    assert [code[begin:end] for begin, end in spans][-3:] == ["\n```", "**", "**"]


def test_a_snippet_shows_words_and_marks_what_was_found_among_them() -> None:
    answer = "Read **the [big river](https://example.org/r/1)**:\n\n- `springs`\n- *lakes*"
    assert snippet(answer, parse("river"), marks_near) == [
        ("Read the big ", False),
        ("river", True),
        (": springs lakes", False),
    ]
    assert ("springs lakes", True) in snippet(answer, parse('"springs lakes"'), marks_near)


def test_what_was_found_in_an_address_is_shown() -> None:
    found = snippet("See [the river](https://example.org/delta).", parse("delta"), marks_near)
    assert ("delta", True) in found


def test_no_text_breaks_it_and_what_is_left_is_in_its_order() -> None:
    at_random = random.Random(5)
    for _ in range(20):
        text = "".join(at_random.choice("*_`[]()\\|->~#! \nax") for _ in range(3 * NEAR))
        place = at_random.randrange(len(text))
        spans = list(marks_near(text, place))
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
        snippet(text, parse("a x"), marks_near)
