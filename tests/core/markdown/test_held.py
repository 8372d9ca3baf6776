"""What is not shown yet, and that it is never much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.markdown import picture
from chat.core.markdown.pending import PATIENCE, pending
from tests.core.markdown.growing import KEY
from tests.core.markdown.samples import patient, pieced

UNDECIDED = [
    *("-", "- ", "1", "1.", "12) ", "#", "## ", ">", "> - ", "---", "===", "|", "|--", "| :-", "* * "),
    *("`", "```", "```py", "~~~ a", "- [", "- [x]", "  ", "\t", "\u3000", "**", "_"),
]
DECIDED = ["-a", "- a", "1a", "1. a", "#a", "# a", "> a", "=> a", "```a``` b", "2024 was", "3.14"]


@pytest.mark.parametrize("line", UNDECIDED)
def test_a_line_that_may_still_become_anything_waits(line: str) -> None:
    assert picture(b"text\n" + line.encode(), KEY).offset == len("text")


@pytest.mark.parametrize("line", DECIDED)
def test_a_line_that_is_decided_shows(line: str) -> None:
    assert picture(b"text\n" + line.encode(), KEY).offset > len("text\n")


@pytest.mark.parametrize("line", [*UNDECIDED, *DECIDED])
def test_a_line_that_is_complete_shows(line: str) -> None:
    shown = picture(b"text\n\n" + line.encode() + b"\nmore", KEY)
    assert shown.offset == len(f"text\n\n{line}\nmore".encode())


@pytest.mark.parametrize("before", ["", "text\n\n", "text\n", "> ", "- a\n- "])
def test_a_line_that_may_become_the_head_of_a_table_waits_for_the_next_one(before: str) -> None:
    settled = picture(before.encode(), KEY).offset
    for grown in ("| a", "| a |", "| a | b |", "| a | b |\n"):
        assert picture(f"{before}{grown}".encode(), KEY).offset <= max(settled, len(before)), grown
    lines = f"{before}| a | b |\n{'> ' if before == '> ' else ''}more words"
    assert picture(lines.encode(), KEY).offset == len(lines)
    assert picture(f"{before}| {'a' * 170}".encode(), KEY).offset > len(before)


def test_white_space_at_the_end_waits_for_the_next_word_but_in_code() -> None:
    assert picture(b"text ", KEY).offset == 4
    assert picture(b"text\n", KEY).offset == 4
    assert picture(b"```\ntext ", KEY).offset == 9
    assert picture(b"```\ntext\n", KEY).offset == 9


def test_half_of_a_line_end_waits() -> None:
    assert picture(b"```\r\ntext\r", KEY).offset == 9


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("some **bold", "some"),
        ("some **bold** t", "some **bold** t"),
        ("a `co", "a"),
        ("a `code`.", "a `code`."),
        ("a **b**", "a"),  # it may be ***b***
        ("see [the](http://exa", "see"),
        ("see [the](http://example.org) b", "see [the](http://example.org) b"),
        ("AT&", "AT"),
        ("AT&T is", "AT&T is"),
        ("3 * 4 = 12, a [1] b, snake_case", "3 * 4 = 12, a [1] b, snake_case"),
        ("这是**测", "这是"),
        ("```\nf(*args, `x, [y", "```\nf(*args, `x, [y"),
        ("    f(*args", "    f(*args"),
    ],
)
def test_what_may_become_bold_code_or_a_link_waits_until_it_closes(text: str, shown: str) -> None:
    assert picture(text.encode(), KEY).offset == len(shown.encode())


@pytest.mark.parametrize("opening", ["**", "`", "[", "*", "[a](http://x/", "_", "~~", "<http://x/"])
def test_what_never_closes_is_not_waited_for(opening: str) -> None:
    text = f"some {opening}" + "word" * PATIENCE
    assert len(text) - picture(text.encode(), KEY).offset <= PATIENCE


@patient
@given(pieced(), st.integers(1, 40))
def test_nothing_is_held_back_longer_than_a_line_and_the_patience(text: str, words: int) -> None:
    text += "\n\n" + "word " * words
    assert len(text.encode()) - picture(text.encode(), KEY).offset <= 4 * (5 * words + PATIENCE) + 8


@pytest.mark.parametrize(
    "piece", ["*a ", "[", "`", "``a", "<a", "&", "\\", "_a ", "**a", "~~", "[a](", " ", "- ", "|", ">"]
)
def test_no_line_takes_long_to_look_at(piece: str) -> None:
    picture((piece * 5_000).encode(), KEY)
    assert pending(piece * 20_000 + "x" * (PATIENCE + 1)) in (None, *range(20_000 * len(piece), 20_000 * 9))
