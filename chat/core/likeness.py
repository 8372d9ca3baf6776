"""Vectors of texts: the bytes that they are stored as, and which of many are the most alike, exactly.

All of them have length 1, so that the product of two says how alike they are: 1 the same, 0 nothing in
common. One that is all zeros stands for a text that has none, and is like nothing. Numpy's long products
give up the interpreter's lock: on a native thread they hold up nobody.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.float32]  # one vector a row
Vector = NDArray[np.float32]
STORED = np.dtype("<f4")  # float32, little-endian, on every machine


class NotNumbers(ValueError):
    """What should be a vector holds something that is no finite number, or is none at all."""


class Hit(NamedTuple):
    """Which row of which rows, and how alike it is."""

    likeness: float
    rows: int
    row: int


def unit(rows: ArrayLike) -> Rows:
    """Give each row the length 1; those of length 0 stay as they are. Raises NotNumbers."""
    try:
        found = np.ascontiguousarray(rows, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as wrong:
        raise NotNumbers(str(wrong)) from None
    if found.ndim != 2 or not np.isfinite(found).all():
        raise NotNumbers("not finite")
    largest = np.abs(found).max(axis=1, keepdims=True, initial=0.0)
    found = found / np.where(largest > 0, largest, 1)  # before squaring: of 1e300 there is no square
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return (found / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def pack(rows: Rows) -> bytes:
    """Write rows as they are stored."""
    return rows.astype(STORED).tobytes()


def unpack(data: bytes, dimensions: int) -> Rows:
    """Read what `pack` wrote, without copying it. Raises NotNumbers when it is damaged."""
    if dimensions < 1 or len(data) % (STORED.itemsize * dimensions):
        raise NotNumbers(f"{len(data)} bytes are no vectors of {dimensions}")
    return np.frombuffer(data, STORED).reshape(-1, dimensions)


def joined(parts: Sequence[Rows]) -> Rows:
    """Put rows after rows, in memory of their own."""
    return np.concatenate(parts)


def nearest(many: Sequence[Rows], vector: Vector, most: int) -> list[Hit]:
    """Find the rows most like a vector, the likest first; what has nothing in common with it is left out."""
    if not many or most < 1:
        return []
    # Not by the matrix product: its threads wait for each other, for long where other processes are busy.
    likeness = np.concatenate([np.vecdot(rows, vector) for rows in many])
    every = np.arange(len(likeness))
    found = np.argpartition(likeness, -most)[-most:] if most < len(likeness) else every
    found = found[np.lexsort((found, -likeness[found]))]  # of two that are as alike, the first
    starts = np.cumsum([0, *(len(rows) for rows in many)])
    which = np.searchsorted(starts, found, side="right") - 1
    return [
        Hit(float(likeness[at]), int(group), int(at - starts[group]))
        for at, group in zip(found, which, strict=True)
        if likeness[at] > 0
    ]
