"""Growth: the swaps bring a page from one picture to the next, whatever the steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.markdown import Swap, conclude, finished, picture, steps
from tests.core.markdown.growing import KEY, named, watch
from tests.core.markdown.samples import REAL, patient, pieced


@pytest.mark.parametrize("text", REAL.values(), ids=REAL)
@pytest.mark.parametrize("step", [1, 7, 80])
def test_a_page_of_a_real_answer_ends_as_the_whole_render(text: str, step: int) -> None:
    page, final = watch(text, range(0, len(text), step))
    assert page.regions() == named(final) == named(finished(text.encode()))


@patient
@given(pieced(24), st.lists(st.integers(0, 60), max_size=12))
def test_a_page_of_any_text_ends_as_the_whole_render(text: str, at: list[int]) -> None:
    page, final = watch(text, sorted(min(end, len(text)) for end in at))
    assert page.regions() == named(final)
    assert "".join(html for _, html in page.regions()) == "".join(r.html for r in finished(text.encode()))


def test_text_takes_the_place_of_the_mark() -> None:
    assert targets("Some text", "Some text and more") == [("#mark-k", "outerHTML")]
    assert targets("- a **b**", "- a **b** c") == [("#mark-k", "outerHTML")]
    assert targets("```\nx", "```\nx\ny\n") == [("#mark-k", "outerHTML")]


def test_new_items_and_rows_are_appended() -> None:
    assert targets("- a", "- a\n- b") == [("#mark-k", "delete"), ("#r-k-0>:nth-child(1)", "beforeend")]
    assert targets("- a", "- a b\n- c") == [("#mark-k", "outerHTML"), ("#r-k-0>:nth-child(1)", "beforeend")]
    table = "|a|b|\n|-|-|\n|1|2|\n"
    assert targets(table, table + "|3|4|\n") == [
        ("#r-k-0>:nth-child(1)>:nth-child(2)", "beforeend"),
        ("#mark-k", "outerHTML"),
    ]


def test_a_closed_region_is_followed_by_the_next() -> None:
    assert targets("One.", "One.\n\nTwo.") == [("#mark-k", "delete"), ("#r-k-0", "afterend")]


def test_what_changed_alone_is_morphed() -> None:
    long = "*" + "long " * 60
    assert targets(f"- a\n- {long}end", f"- a\n- {long}end* x")[-1] == (
        "#r-k-0>:nth-child(1)>:nth-child(2)",
        "outerMorph",
    )


def test_an_unchanged_picture_takes_no_swap() -> None:
    shown = picture(b"text", KEY)
    assert steps(shown, picture(b"text ", KEY), KEY) == ()


def test_an_answer_without_a_word_ends_without_the_mark() -> None:
    assert conclude(picture(b"", KEY), finished(b""), KEY) == (Swap("#r-k-0>:nth-child(1)", "delete"),)


def targets(before: str, after: str) -> list[tuple[str, str]]:
    shown = picture(before.encode(), KEY)
    swaps = steps(shown, picture(after.encode(), KEY, shown.open.start), KEY)
    return [(swap.target, swap.style) for swap in swaps]
