"""A stand-in for a model that embeds: the same text gives the same vector everywhere, without a download.

It knows no meaning. Each beginning of a word, and each run of letters in it, points into a direction of its
own, drawn by its digest; a text is the sum of them. So it finds other forms of a word and what is spelt a
little differently, and is wrong about the rest in another way than an index of stems is. That is what a test
of joining the two needs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import log1p

import numpy as np
from numpy.typing import NDArray

from chat.core.likeness import Rows, unit
from chat.core.searching import words
from chat.core.stop_words import STOP_WORDS

DIMENSIONS = 1536  # as common models have: with fewer, directions of different words are too alike
BEGINNING = 6  # letters of a word that count as its stem, in any language
RUN = 4  # letters of a run
RUNS_WEIGH = 0.15  # of the word's own weight, each
PLACES = 4  # dimensions into which a direction points
IDLE = frozenset[str]().union(*STOP_WORDS.values())


def embed(texts: Sequence[str], dimensions: int = DIMENSIONS) -> Rows:
    """Give each text's vector as a row, of length 1; that of a text without words is all zeros."""
    rows = np.zeros((len(texts), dimensions), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for feature, weight in _features(text):
            places, signs = _direction(feature, dimensions)
            np.add.at(row, places, signs * np.float32(weight))
    return unit(rows)


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word, often in Counter(word for word in words(text) if word not in IDLE).items():
        weight = log1p(often)
        yield word[:BEGINNING], weight
        for at in range(len(word) - RUN + 1):
            yield f"…{word[at : at + RUN]}", RUNS_WEIGH * weight


@lru_cache(maxsize=1 << 17)
def _direction(feature: str, dimensions: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    drawn = np.frombuffer(blake2b(feature.encode(), digest_size=4 * PLACES).digest(), "<u4").astype(np.intp)
    return (drawn >> 1) % dimensions, np.where(drawn & 1, np.float32(1), np.float32(-1)).astype(np.float32)
