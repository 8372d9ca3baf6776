"""Chips: `[1]` of a source that there is, and of nothing else; at every prefix the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.citing import cited
from chat.core.markdown import chips_of, conclude, finished, picture, render, steps
from chat.core.markdown.sanitise import sanitise
from tests.core.markdown.growing import KEY, named
from tests.core.markdown.samples import CITED, PIECES, REAL, patient
from tests.core.markdown.simulated_page import SimulatedPage, without_mark

NUMBERS = frozenset({1, 2, 12})
CITING_PIECES = [
    "[1]",
    "[2]",
    "[1][2]",
    "[1, 2]",
    "[12]",
    "[3]",
    "[1",
    "1]",
    "[",
    "]",
    ", ",
    "(see)",
    " said.[2]",
]

citing = st.lists(st.sampled_from([*PIECES, *CITING_PIECES * 4]), max_size=20).map("".join)
texts = pytest.mark.parametrize("text", [CITED, *REAL.values()], ids=["cited", *REAL])


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a [1] b", "a <b>1</b> b"),
        ("a[1][2].", "a<b>1</b><b>2</b>."),
        ("a [1, 2,12]", "a <b>1</b><b>2</b><b>12</b>"),
        ("a [1, 3]", "a <b>1</b>[3]"),
        ("**a [1]**", "<strong>a <b>1</b></strong>"),
        ("[1]: so", "<b>1</b>: so"),
        ("![1]", "!<b>1</b>"),
    ],
)
def test_what_cites_a_source_becomes_a_chip(text: str, html: str) -> None:
    assert render(text, NUMBERS) == f"<p>{html}</p>"


@pytest.mark.parametrize(
    "text", ["[3]", "[3, 4]", "[0]", "[ 1 ]", "[1-2]", "[a1]", "\\[1]", "[1](2)", "[1", "1]"]
)
def test_what_names_no_source_stays_as_it_is(text: str) -> None:
    said = f"so {text} there"
    assert render(said, NUMBERS) == render(said)
    assert "<b>" not in render(said, NUMBERS)


@pytest.mark.parametrize(
    "text",
    [
        "`[1]`",
        "```\n[1]\n```",
        "    [1]",
        "$x[1]$",
        "\\(x[1]\\)",
        "$$\n[1]\n$$",
        "[1](http://x.y)",
        "![1](http://x.y)",
    ],
)
def test_code_formulas_and_links_hold_no_chips(text: str) -> None:
    assert render(text, NUMBERS) == render(text)


def test_a_link_whose_words_cite_stays_a_link() -> None:
    assert render("[see [1] there](http://x.y)", NUMBERS) == render("[see [1] there](http://x.y)")


def test_a_text_that_was_given_nothing_has_no_chips() -> None:
    assert "<b>" not in render(CITED)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rivers rise in springs [", "rivers rise in springs"),
        ("rivers rise in springs [1", "rivers rise in springs"),
        ("rivers rise in springs [1]", "rivers rise in springs"),  # it may be a link
        ("rivers rise in springs [1].", "rivers rise in springs [1]."),
        ("rivers rise in springs [1][2", "rivers rise in springs [1]"),
        ("rivers rise in springs [1, ", "rivers rise in springs"),
    ],
)
def test_half_a_citation_is_held_back(text: str, shown: str) -> None:
    assert picture(text.encode(), KEY, numbers=NUMBERS).offset == len(shown)


@texts
def test_a_page_of_a_real_answer_that_cites_ends_as_the_whole_render(text: str) -> None:
    check_growth(text, range(0, len(text), 7))


@patient
@given(citing, st.lists(st.integers(0, 90), max_size=12))
def test_a_page_of_any_text_that_cites_ends_as_the_whole_render(text: str, at: list[int]) -> None:
    check_growth(text, sorted(min(end, len(text)) for end in at))


def check_growth(text: str, at: range | list[int]) -> None:
    final = finished(text.encode(), numbers=NUMBERS)
    shown = picture(b"", KEY, numbers=NUMBERS)
    assert shown == picture(b"", KEY), "before the first byte nobody needs to know of any source"
    page, closed = SimulatedPage(shown, KEY), 0
    for end in at:
        prefix = text[:end].encode()
        after = picture(prefix, KEY, shown.open.start, NUMBERS)
        whole = picture(prefix, KEY, numbers=NUMBERS)
        assert (whole.open, whole.offset) == (after.open, after.offset)
        closed += len(after.closed)
        assert whole.closed == final[:closed]
        html = "".join(region.html for region in whole.closed) + without_mark(whole.open.html)
        settled = render(prefix[: whole.offset].decode(), NUMBERS)
        assert html.replace("\n</code>", "</code>") == settled.replace("\n</code>", "</code>")
        page.apply(steps(shown, after, KEY))
        shown = after
    page.apply(conclude(shown, finished(text.encode(), shown.open.start, NUMBERS), KEY))
    assert "".join(html for _, html in page.regions()) == render(text, NUMBERS)
    assert not final or page.regions() == named(final)


@patient
@given(citing)
def test_a_chip_is_its_number_and_what_is_sanitised_stays(text: str) -> None:
    html = render(text, NUMBERS)
    assert sanitise(html) == html
    for number in html.split("<b>")[1:]:
        assert int(number.partition("</b>")[0]) in NUMBERS


@patient
@given(citing)
def test_what_was_not_cited_in_the_end_may_be_forgotten(text: str) -> None:
    shown = chips_of(text, NUMBERS)
    assert render(text, shown) == render(text, NUMBERS)
    assert shown == {number for number in NUMBERS if f"<b>{number}</b>" in render(text, NUMBERS)}
    if "`" not in text and "~" not in text:
        assert shown <= set(cited(text, NUMBERS)), "what is code is all that the two may see differently"
