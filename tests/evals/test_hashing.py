"""The stand-in for a model: the same everywhere, and alike where words are."""

import numpy as np

from evals.hashing import DIMENSIONS, embed

PLACES_OF_APPLE = [469, 741, 1281, 1490]


def test_a_text_has_the_same_vector_on_every_machine() -> None:
    (vector,) = embed(["apple"])
    assert np.flatnonzero(vector > 0.4).tolist() == PLACES_OF_APPLE


def test_all_vectors_have_the_length_1() -> None:
    vectors = embed(["a river", "Ein Fluss", "河", "many words " * 500])
    assert vectors.shape == (4, DIMENSIONS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


def test_a_text_without_words_is_like_nothing() -> None:
    assert not embed(["…", "the of and"]).any()


def test_other_forms_of_its_words_are_more_like_a_text_than_other_words() -> None:
    text, forms, others = embed(["The Constitution's amendments", "an amendment", "a grinning cat"])
    assert text @ forms > 0.4
    assert abs(text @ others) < 0.2
