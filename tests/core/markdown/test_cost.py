"""Growing is cheap: bytes in proportion to the answer, and no step that knows how long the answer is."""

from statistics import median

import pytest

from tests.core.markdown.measure import grow
from tests.core.markdown.shapes import SHAPES, answer


@pytest.mark.parametrize("size", [1_000, 10_000])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_viewer_is_sent_no_more_than_three_times_the_final_html(shape: str, size: int) -> None:
    assert grow(answer(shape, size)).ratio <= 3


@pytest.mark.parametrize(
    ("shape", "step"), [("prose", 80), ("mixed", 80), ("code", 400), ("list", 4_000), ("table", 4_000)]
)
def test_a_long_answer_costs_no_more_a_byte(shape: str, step: int) -> None:
    assert grow(answer(shape, 100_000), step).ratio <= 3


@pytest.mark.parametrize("shape", ["prose", "mixed"])
def test_a_step_takes_no_longer_in_a_long_answer(shape: str) -> None:
    seconds = grow(answer(shape, 60_000)).seconds
    third = len(seconds) // 3
    assert median(seconds[-third:]) < 3 * median(seconds[:third])
