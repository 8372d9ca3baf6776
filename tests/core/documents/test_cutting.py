"""How documents are cut into passages: nothing is lost, nothing is too long, nothing crosses a heading."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.documents import Block, Passage
from chat.core.documents.cutting import LEAST, LONGEST_HEADING, MOST, OVERLAP, TARGET, cut, ending
from tests.core.texts import any_text

SENTENCE = "The well in the yard was dug before anyone now alive was born. "
MANY_WORDS = any_text.flatmap(lambda text: st.integers(1, 120).map(lambda times: text * times))
BLOCKS = st.lists(
    st.builds(
        Block,
        MANY_WORDS,
        st.sampled_from([(), ("One",), ("One", "Two"), ("Three",)]),
        st.sampled_from([None, 1, 2]),
    ),
    max_size=12,
)


def passages(*texts: str, headings: tuple[str, ...] = (), page: int | None = None) -> list[Passage]:
    return list(cut(Block(text, headings, page) for text in texts))


def bare(text: str) -> str:
    return "".join(text.split())


@given(BLOCKS)
def test_passages_are_all_of_the_text_and_none_is_longer_than_it_may_be(blocks: list[Block]) -> None:
    found = list(cut(blocks))
    assert bare("".join(one.text for one in found)) == bare("".join(block.text for block in blocks))
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert all(0 < len(one.text) <= MOST and one.text == one.text.strip() for one in found)


@given(BLOCKS)
def test_what_is_before_a_passage_is_the_end_of_the_one_before_it(
    blocks: list[Block],
) -> None:
    found = list(cut(blocks))
    for last, one in pairwise(found):
        assert len(one.before) <= OVERLAP
        assert last.text.endswith(one.before)
        assert one.heading == last.heading or not one.before
    assert not found or not found[0].before


@given(MANY_WORDS)
def test_a_section_is_cut_into_passages_of_about_the_same_length(text: str) -> None:
    found = passages(*text.split("\n\n"))
    assert len([one for one in found if len(one.text) < LEAST // 2]) <= 1 + len(found) // 3


def test_small_paragraphs_share_a_passage_and_keep_the_line_between_them() -> None:
    assert [one.text for one in passages("One.", "Two.", "Three.")] == ["One.\n\nTwo.\n\nThree."]


def test_a_long_paragraph_is_cut_behind_a_sentence_near_the_middle_of_what_is_allowed() -> None:
    found = passages(SENTENCE * 100)
    assert all(one.text.endswith("born.") for one in found)
    assert all(abs(len(one.text) - TARGET) < 2 * len(SENTENCE) for one in found[:-2])
    assert {one.before for one in found[1:]} == {(SENTENCE * 3).strip()}


@pytest.mark.parametrize(
    "language", ["井戸は庭の隅にあった。", "院子里有一口很深的老井！", "그 우물은 마당에 있었다. "]
)
def test_scripts_without_spaces_are_cut_behind_their_sentences_too(language: str) -> None:
    found = passages(language * 400)
    assert len(found) > 2
    assert all(one.text[-1] in "。！." for one in found)


def test_no_passage_crosses_a_heading_or_a_page() -> None:
    blocks = [Block("Of wells.", ("A",), 1), Block("More.", ("A",), 2), Block("Of roofs.", ("A", "B"), 2)]
    found = list(cut(blocks))
    assert [(one.text, one.heading, one.page) for one in found] == [
        ("Of wells.", "A", 1), ("More.", "A", 2), ("Of roofs.", "A › B", 2),
    ]  # fmt: skip
    assert [one.before for one in found] == ["", "Of wells.", ""]  # over the page, not over the heading


def test_a_short_line_goes_with_what_it_introduces() -> None:
    first, *_ = passages("He said this:", SENTENCE * 20)
    assert first.text.startswith("He said this:\n\nThe well")
    assert LEAST <= len(first.text) <= MOST


def test_the_last_words_of_a_section_go_with_those_before_them() -> None:
    found = passages(SENTENCE * 14, "And that was that.")
    assert found[-1].text.endswith("born.\n\nAnd that was that.")


def test_a_text_without_any_space_is_cut_between_its_characters() -> None:
    found = passages("e\u0301" * 5000)
    assert all(one.text.startswith("e") and one.text.endswith("\u0301") for one in found)
    family = "👩\u200d👩\u200d👧"
    assert all(one.text.startswith("👩\u200d👩") for one in passages(family * 2000))


def test_the_overlap_of_a_very_long_sentence_is_its_last_words() -> None:
    words = "word " * 100
    assert ending(words.strip()) == ("word " * 40).strip()[-OVERLAP:].removeprefix("ord ")
    assert len(ending("x" * 1000)) <= OVERLAP


def test_very_long_headings_keep_the_nearest_one() -> None:
    (found,) = passages("Text.", headings=("A" * 500, "The nearest"))
    assert len(found.heading) == LONGEST_HEADING
    assert found.heading.endswith("› The nearest")


@pytest.mark.parametrize("text", ["x" * 20_000_000, "e.g. " * 500_000, "." * 2_000_000, "\u0301" * 2_000_000])
def test_one_line_of_many_megabytes_takes_no_more_than_its_share_of_time(text: str) -> None:
    began = time.process_time()
    assert sum(len(one.text) for one in cut([Block(text)])) > 1_000_000
    assert time.process_time() - began < 60  # a quadratic way would take hours


@pytest.mark.parametrize("gap", [1_000, 3_000, 200_000])
def test_a_page_of_white_space_within_a_line_loses_no_text(gap: int) -> None:
    for text in ("Hello." + " " * gap + "x" * 1500, "a" * 100 + " " * gap + "b " * 3000 + "c"):
        found = passages(text)
        assert "".join("".join(one.text for one in found).split()) == "".join(text.split())
        assert max(len(one.text) for one in found) <= MOST
