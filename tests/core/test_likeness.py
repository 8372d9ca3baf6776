"""Which vectors are the most alike: the same as a plain loop finds, and nothing but numbers gets in."""

import math

import numpy as np
import pytest

from chat.core.likeness import NotNumbers, Rows, joined, nearest, pack, unit, unpack


def some(count: int, dimensions: int = 8, seed: int = 1) -> Rows:
    return unit(np.random.default_rng(seed).normal(size=(count, dimensions)))


def test_every_row_gets_the_length_one() -> None:
    assert np.linalg.norm(some(20), axis=1) == pytest.approx(np.ones(20), abs=1e-6)


@pytest.mark.parametrize("row", [[1e300, 1e300], [1e-300, 1e-300], [3, 3]])
def test_however_large_or_small_the_numbers_are(row: list[float]) -> None:
    assert unit([row])[0].tolist() == pytest.approx([math.sqrt(0.5)] * 2)


def test_what_is_all_zeros_stays_so_and_is_like_nothing() -> None:
    rows = unit([[0.0, 0.0], [1.0, 0.0]])
    assert rows[0].tolist() == [0.0, 0.0]
    assert [hit.row for hit in nearest([rows], rows[1], 5)] == [1]


@pytest.mark.parametrize(
    "rows", [[[math.nan, 1.0]], [[math.inf, 1.0]], [["a", "b"]], [[1.0], [1.0, 2.0]], [1.0], [[None]]]
)
def test_what_is_no_numbers_is_refused(rows: object) -> None:
    with pytest.raises(NotNumbers):
        unit(rows)  # type: ignore[arg-type]


def test_what_was_packed_is_unpacked_the_same() -> None:
    rows = some(5)
    assert np.array_equal(unpack(pack(rows), 8), rows)
    assert len(pack(rows)) == 5 * 8 * 4


@pytest.mark.parametrize(("size", "dimensions"), [(30, 8), (32, 0), (31, 1)])
def test_damaged_bytes_are_refused(size: int, dimensions: int) -> None:
    with pytest.raises(NotNumbers):
        unpack(bytes(size), dimensions)


@pytest.mark.parametrize("most", [1, 3, 10, 60, 100])
def test_the_nearest_are_those_that_a_plain_loop_finds(most: int) -> None:
    many, vector = [some(20, seed=2), some(1, seed=3), some(39, seed=4)], some(1, seed=5)[0]
    plain = sorted(
        (
            (-sum(float(a) * float(b) for a, b in zip(row, vector, strict=True)), group, at)
            for group, rows in enumerate(many)
            for at, row in enumerate(rows)
        )
    )
    wanted = [(group, at) for negative, group, at in plain if negative < 0][:most]
    assert [(hit.rows, hit.row) for hit in nearest(many, vector, most)] == wanted


def test_in_parts_and_joined_they_are_the_same() -> None:
    parts, vector = [some(4, seed=6), some(5, seed=7)], some(1, seed=8)[0]
    apart, together = nearest(parts, vector, 3), nearest([joined(parts)], vector, 3)
    assert [hit.likeness for hit in apart] == pytest.approx([hit.likeness for hit in together], abs=1e-6)


def test_of_nothing_nothing_is_near() -> None:
    assert nearest([], some(1)[0], 5) == []
    assert nearest([some(3)], some(1)[0], 0) == []
