"""Places in a log: what may be read from where, in the order that WIRE section 3 gives."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.log import (
    BadEpoch,
    BadOffset,
    InsideCharacter,
    OffsetBeyondEnd,
    OffsetProblem,
    Rewound,
    check_place,
    floor_boundary,
    is_boundary,
    parse_epoch,
    parse_offset,
    resume_place,
    slices,
)
from tests.core.texts import any_text

TEXT = "Grüße, 世界 😀!".encode()
BASES = (0, 4, 9)  # three claims; 4 is behind the two bytes of ü, 9 before the first 世


@pytest.mark.parametrize(
    ("raw", "offset"), [(None, 0), ("0", 0), ("17", 17), ("007", 7), ("9" * 18, 10**18 - 1)]
)
def test_an_offset_is_plain_decimal_digits(raw: str | None, offset: int) -> None:
    assert parse_offset(raw) == offset


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "-1",
        "-0",
        "1_0",
        "1.0",
        "1e3",
        "0x1",
        "٣",
        "１",
        "²",
        "1" * 19,
        "0" * 5000,
    ],
)
def test_anything_else_is_a_bad_offset_and_a_bad_epoch(raw: str) -> None:
    with pytest.raises(BadOffset):
        parse_offset(raw)
    with pytest.raises(BadEpoch):
        parse_epoch(raw, current=3)


@given(st.text())
def test_no_text_makes_parsing_fail_otherwise(raw: str) -> None:
    with suppress(BadOffset):
        assert parse_offset(raw) >= 0


def test_an_omitted_epoch_is_the_current_one() -> None:
    assert parse_epoch(None, current=3) == 3


@pytest.mark.parametrize("epoch", [0, 1, 2, 3])
def test_every_epoch_that_the_stream_has_had_is_known(epoch: int) -> None:
    assert parse_epoch(str(epoch), current=3) == epoch


def test_an_epoch_to_come_is_unknown() -> None:
    with pytest.raises(BadEpoch):
        parse_epoch("4", current=3)


@pytest.mark.parametrize(
    ("offset", "epoch", "problem", "length"),
    [
        # each row breaks its own rule and every later one: only the order decides
        (-1, 9, BadOffset, None),
        (99, 9, BadEpoch, None),
        (99, 1, Rewound, 4),
        (99, 2, Rewound, 9),
        (1, 0, Rewound, 0),
        (99, 3, OffsetBeyondEnd, len(TEXT)),
        (99, None, OffsetBeyondEnd, len(TEXT)),
        (11, 3, InsideCharacter, 9),
        (3, 1, InsideCharacter, 2),
    ],
)
def test_the_first_rule_of_the_table_that_a_place_breaks_is_the_answer(
    offset: int, epoch: int | None, problem: type[OffsetProblem], length: int | None
) -> None:
    with pytest.raises(problem) as caught:
        check_place(offset, epoch, bases=BASES, text=TEXT)
    assert caught.value.length == length


def test_a_rewound_reader_is_told_the_current_epoch() -> None:
    with pytest.raises(Rewound) as caught:
        check_place(5, 1, bases=BASES, text=TEXT)
    assert (caught.value.epoch, caught.value.code, caught.value.status) == (3, "rewound", 409)


@pytest.mark.parametrize(("offset", "epoch"), [(0, 0), (4, 1), (9, 2), (9, None), (21, 3), (21, None)])
def test_a_place_up_to_the_next_epochs_base_is_good(offset: int, epoch: int | None) -> None:
    check_place(offset, epoch, bases=BASES, text=TEXT)


def test_a_stream_that_nobody_claimed_can_be_read_from_its_beginning_only() -> None:
    check_place(0, 0, bases=(), text=b"")
    check_place(0, None, bases=(), text=b"")
    with pytest.raises(OffsetBeyondEnd):
        check_place(1, None, bases=(), text=b"")


@given(
    text=any_text,
    offset=st.integers(-3, 400) | st.none(),
    epoch=st.integers(-2, 6) | st.none(),
    data=st.data(),
)
def test_where_a_resumed_text_goes_on_is_always_a_place_that_may_be_read(
    text: str, offset: int | None, epoch: int | None, data: st.DataObject
) -> None:
    stored = text.encode()
    places = [at for at in range(len(stored) + 1) if is_boundary(stored, at)]
    bases = tuple(sorted(data.draw(st.lists(st.sampled_from(places), max_size=4))))
    place = resume_place(offset, epoch, bases=bases, text=stored)
    check_place(place, None, bases=bases, text=stored)
    assert place <= max(0, offset or 0)
    if offset is not None and (epoch is None or 0 <= epoch <= len(bases)):
        check_place(place, epoch, bases=bases, text=stored)
        with suppress(OffsetProblem):
            check_place(offset, epoch, bases=bases, text=stored)
            assert place == offset


@given(text=any_text, at=st.integers(0, 400))
def test_a_cut_leaves_whole_characters_on_both_sides(text: str, at: int) -> None:
    data = text.encode()
    place = floor_boundary(data, at)
    assert data[:place].decode() + data[place:].decode() == text
    assert place <= at < place + 4 or place == len(data)
    assert is_boundary(data, place)
    assert is_boundary(data, at) == (at <= len(data) and place == at)


@given(text=any_text, offset=st.integers(0, 10**9), limit=st.integers(4, 20))
def test_slices_are_contiguous_whole_characters_within_the_limit(text: str, offset: int, limit: int) -> None:
    data = text.encode()
    place = offset
    for piece in slices(offset, data, 7, limit):
        assert piece.offset == place
        assert piece.epoch == 7
        assert 0 < len(piece.data) <= limit
        assert piece.text == text.encode()[place - offset : piece.end - offset].decode()
        place = piece.end
    assert place == offset + len(data)


def test_a_slice_that_could_not_hold_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="room for one character"):
        list(slices(0, "😀".encode(), 1, limit=3))
