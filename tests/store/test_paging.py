"""The marks of lists: they come back without loss, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.store.paging import LONGEST_MARK, BadPage, check_limit, key_of, mark

SEQS = st.integers(0, 2**31 - 1)
MOMENTS = st.floats(0, 1e12)


@given(MOMENTS, SEQS)
def test_a_mark_gives_its_key_back(moment: float, seq: int) -> None:
    assert key_of(mark(moment, seq), float, int) == [moment, seq]
    assert key_of(mark(seq), int) == [seq]


@given(MOMENTS, SEQS)
def test_a_mark_of_ours_is_never_too_long(moment: float, seq: int) -> None:
    assert len(mark(moment, seq)) < LONGEST_MARK


@given(st.text())
def test_any_other_text_is_no_place(text: str) -> None:
    try:
        (seq,) = key_of(text, int)
    except BadPage:
        return
    assert type(seq) is int


@pytest.mark.parametrize(
    "forged",
    ["", "x", "MTI", "ImEi", "W10", "WzEsMl0", "WyJhIl0", "W3RydWVd", "W05hTl0", "W0luZmluaXR5XQ", "W251bGxd",
     "WzFlNDAwXQ", "WzEuMF0", "WzIxNDc0ODM2NDhd", "WzEsMV0",
     "WzE" + "w" * 30, "é", "\ud800", "A" * 5000,
     "WzE4NDQ2NzQ0MDczNzA5NTUxNjE2XQ"],
)  # fmt: skip
def test_a_forged_mark_is_refused(forged: str) -> None:
    with pytest.raises(BadPage):
        key_of(forged, int)


@pytest.mark.parametrize("limit", [-1, 0, 201, 2**70])
def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    with pytest.raises(BadPage):
        check_limit(limit)
