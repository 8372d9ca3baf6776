"""Joining lists that were ranked by different measures, whose scores cannot be compared: by rank alone."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

# How little the first rank is worth beside the second. Usual is 60, for lists of a thousand: then what both
# have somewhere comes before what one of them has first, and of short lists that is what answers. With 1 the
# first of each of two lists is always among the first four; and what is second in both is before them.
EVEN = 1


def fuse(*rankings: Sequence[T]) -> list[T]:
    """Join rankings into one, the best first: reciprocal rank fusion.

    What several of them have is better than what one has. Of two that are equally good, the one that an
    earlier ranking has comes first.
    """
    worth: defaultdict[T, float] = defaultdict(float)
    for ranking in rankings:
        for rank, one in enumerate(dict.fromkeys(ranking), 1):
            worth[one] += 1 / (EVEN + rank)
    return sorted(worth, key=lambda one: -worth[one])
