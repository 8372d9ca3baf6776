"""The yardstick: what a model's likeness means, by pairs that belong together."""

import numpy as np
import pytest

from chat.core.likeness import unit
from chat.core.yardstick import PAIRS, TEXTS, measured


def test_a_model_that_knows_what_belongs_together_shows_a_gap() -> None:
    about = np.eye(len(PAIRS)) + 0.5
    rows = unit(np.concatenate([about, about + 0.1]))
    found = measured(rows)
    assert found.apart < 0.9 < found.together == pytest.approx(1, abs=0.01)


def test_one_that_knows_nothing_shows_none() -> None:
    drawn = np.random.default_rng(7).normal(size=(len(TEXTS), 64))
    found = measured(unit(drawn))
    assert found.together < found.apart


def test_no_text_stands_in_it_twice() -> None:
    assert len(set(TEXTS)) == len(TEXTS) == 2 * len(PAIRS)
