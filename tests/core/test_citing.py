"""Citing: which marks a text holds, and which sentence of a passage says what is claimed."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.citing import best_sentence, cited, marks, rewritten, sentences, settled, without_marks
from chat.core.sources import Source

LEASE = (
    "4.2 Notice. This agreement may be ended by either party\nwith a written notice of thirty (30) days. "
    "Fees that fell due before, e.g. those of Art. 5, remain due. Dr. Smith agreed to that."
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It ends [1].", [1]),
        ("It ends.[2][1] And again [2].", [2, 1]),
        ("It ends [1, 3] or [2,4].", [1, 3, 2, 4]),
        ("It ends [9].", []),
        ("`a[1]` and ``b ` [2]`` are code, [3] is not.", [3]),
        ("```py\nx = [1]\n```\nBut [2].", [2]),
        ("~~~\n[1]", []),
        ("> ```\n> [1]\n> ```\n\n[2]", [2]),
        ("A ` alone [1].\n\nAnother ` [2].", [1, 2]),
        ("[1](https://example.org) is a link, \\[2\\] a formula, [^3] a footnote.", []),
        ("[1]: as said.", [1]),
        ("東京は首都です[1]。", [1]),
        ("[0001] [١] [] [a] [1-3]", []),
    ],
)
def test_a_text_cites_the_numbers_that_its_marks_name_and_that_are_there(text, numbers) -> None:
    assert cited(text, {1, 2, 3, 4}) == numbers


def test_an_answer_without_its_marks_reads_as_if_there_had_been_none() -> None:
    assert without_marks("It ends [1][2]. And `a[1]` stays [3, 4]!") == "It ends. And `a[1]` stays!"
    assert without_marks("No marks [here].") == "No marks [here]."


@given(st.text(alphabet="[]()`~\\ \n>,123ab."))
def test_marks_are_where_they_are_said_to_be(text: str) -> None:
    found = list(marks(text))
    for mark in found:
        assert text[mark.start] + text[mark.end - 1] == "[]"
    assert rewritten(text, lambda mark: None) == text
    assert rewritten(text, lambda mark: text[mark.start : mark.end]) == text
    assert len(without_marks(text)) <= len(text) - sum(mark.end - mark.start for mark in found)


def test_sentences_end_where_one_would_say_so() -> None:
    assert [LEASE[start:end] for start, end in sentences(LEASE)] == [
        "4.2 Notice.",
        "This agreement may be ended by either party\nwith a written notice of thirty (30) days.",
        "Fees that fell due before, e.g. those of Art. 5, remain due.",
        "Dr. Smith agreed to that.",
    ]
    listed = "To do:\n- one\n- two\n\nDone"
    assert [listed[start:end] for start, end in sentences(listed)] == ["To do:", "- one", "- two", "Done"]


@given(st.text())
def test_sentences_are_pieces_of_the_text_in_their_order(text: str) -> None:
    at = 0
    for start, end in sentences(text):
        assert at <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip() != ""
        assert not text[at:start].strip()
        at = end
    assert not text[at:].strip()


@pytest.mark.parametrize(
    ("passage", "claim", "says"),
    [
        (LEASE, "Either party may end the agreement with 30 days' notice", "This agreement may"),
        (LEASE, "What was due before must still be paid", "Fees that fell due"),
        ("東京は日本の首都である。人口は約1400万人。", "人口は1400万人です", "人口は約1400万人。"),
        ("Der Mietvertrag endet. Die Kündigung braucht Schrift.", "Kündigungen schriftlich", "Die Künd"),
    ],
)
def test_the_sentence_that_says_it_is_found(passage: str, claim: str, says: str) -> None:
    found = best_sentence(passage, claim)
    assert found is not None
    assert passage[slice(*found)].startswith(says)


def test_where_no_sentence_says_it_none_is_marked() -> None:
    assert best_sentence(LEASE, "Das Wetter ist schön") is None
    assert best_sentence(LEASE, "") is None
    assert best_sentence("", "notice") is None


SOURCES = [Source(n, "d", "lease.pdf", n, None, "", LEASE) for n in (1, 2, 3)]


def test_what_is_cited_stays_with_the_sentence_it_is_cited_for() -> None:
    answer = "## Ending\n\n- Either party may end it with a notice of thirty days [1].\n- Fees remain due.[3]"
    kept = settled(SOURCES, answer)
    assert [source.number for source in kept] == [1, 3]
    quotes = [source.text[slice(*source.quote)] for source in kept if source.quote]
    assert quotes[0].startswith("This agreement may")
    assert quotes[1].startswith("Fees that fell due")


def test_a_mark_at_the_beginning_speaks_for_what_follows_it() -> None:
    (kept,) = settled(SOURCES, "According to [2], Dr. Smith agreed. The rest is ours.")
    assert kept.quote is not None
    assert kept.text[slice(*kept.quote)].startswith("Dr. Smith")


def test_what_is_not_cited_goes() -> None:
    assert settled(SOURCES, "It just ends. `[1]`") == []
    assert settled([replace(SOURCES[0], quote=(0, 4))], "[1]")[0].quote is None, "a quote of before is none"


EVIL = {
    "ticks": "`" * 100_000, "lone ticks": "`a " * 100_000, "rows of ticks": "`a``b```c" * 30_000,
    "rising rows": "".join("`" * n + " " for n in range(700)), "open marks": "[1" * 200_000,
    "fences": "```\n" * 60_000, "open fences": "```x\n" * 60_000, "numbers": "[1," * 100_000,
    "quotes": ">" * 200_000, "blank lines": "\n" * 200_000, "dots": ". " * 40_000, "marks": "[1]" * 300_000,
    "claims": "One two three four. [1] " * 40_000,
}  # fmt: skip


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL.keys())
def test_no_text_takes_long(evil: str) -> None:
    began = time.process_time()
    settled(SOURCES, evil + " [1]")
    best_sentence(evil, "a notice of thirty days")
    assert time.process_time() - began < 10
