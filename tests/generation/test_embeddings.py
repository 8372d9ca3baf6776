"""Vectors from a server, over a real socket: what they are, and what is said where there are none."""

import time
from collections.abc import Callable
from typing import Any

import gevent
import numpy as np
import pytest

from chat.generation.embeddings import MOST_AT_ONCE, EmbeddingError, Embeddings
from tests.embedder import DIMENSIONS, vector_of
from tests.patience import PATIENCE_S
from tests.server import free_port
from tests.upstream import Upstream

KEY = "sk-headwater-secret"
TEXTS = ["The river rises in the hills.", "It ends in the sea.", "Nobody fishes there."]

Make = Callable[..., Embeddings]


@pytest.fixture
def make(upstream: Upstream) -> Make:
    def make(model: str = "words", **different: Any) -> Embeddings:
        told: dict[str, Any] = {"address": upstream.url, "key": KEY, "model": model, "now": time.monotonic}
        return Embeddings(**(told | different))

    return make


@pytest.mark.parametrize(
    "model",
    [
        "words",
        "words;numbers=1",
        "words;refuse_bytes=1",
        "words;backwards=1",
        "words;nameless=1",
        "words;statuses=400",
    ],
)
def test_each_text_has_its_vector(model: str, make: Make) -> None:
    found = make(model).embed(TEXTS, PATIENCE_S)
    assert found.dtype == np.float32
    assert found == pytest.approx(np.array([vector_of(text, DIMENSIONS) for text in TEXTS]), abs=1e-6)


def test_a_server_that_knows_only_numbers_is_asked_for_bytes_once(make: Make, upstream: Upstream) -> None:
    embeddings = make("words;refuse_bytes=1")
    for _ in range(3):
        embeddings.embed(TEXTS, PATIENCE_S)
    assert ["encoding_format" in asked for asked in upstream.embedded] == [True, False, False, False]


def test_the_key_goes_along_and_so_do_the_dimensions(make: Make, upstream: Upstream) -> None:
    assert make(dimensions=16).embed(TEXTS, PATIENCE_S).shape == (3, 16)
    assert upstream.embedded[0]["authorization"] == f"Bearer {KEY}"
    assert upstream.embedded[0]["dimensions"] == 16


def test_the_line_is_kept_for_the_next_question(make: Make, upstream: Upstream) -> None:
    embeddings = make()
    for _ in range(4):
        embeddings.embed(TEXTS, PATIENCE_S)
    assert upstream.connections == 1


WRONG = {
    "page": "unreadable",
    "junk": "unreadable",
    "unlike": "unreadable",
    "null": "unreadable",
    "nan-number": "unreadable",
    "nan": "odd",
    "empty": "odd",
    "words;ragged=1": "odd",
    "words;missing=1": "odd",
    "words;doubled=1": "odd",
    "words;endless=1": "odd",
    "words;dimensions=9000": "odd",
    "words;cut=1": "unreadable",
    "words;redirect=/elsewhere": "refused",
    "words;statuses=401,401": "refused",
    "words;statuses=404,404": "refused",
    "words;statuses=400,400": "refused",
    "words;statuses=403,403": "refused",
    "words;statuses=429;retry_after=7": "busy",
    "words;statuses=503,503;retry_after=9": "failed",
    "words;statuses=500,500": "failed",
    "words;silent=1": "late",
    "words;dripping=1": "late",
    "words;longest=5": "refused",
}


@pytest.mark.parametrize("model", WRONG)
def test_what_goes_wrong_is_said_in_words_and_in_time(model: str, make: Make) -> None:
    late = WRONG[model] == "late"  # whoever is not is waited for, or a busy machine would be taken for them
    with gevent.Timeout(PATIENCE_S):
        problem = problem_of(make(model), patience_s=1 if late else PATIENCE_S)
    assert problem.code == WRONG[model]
    assert "embeddings' server" in problem.message


def test_a_text_that_is_too_long_is_told_from_a_server_that_is_not_there(make: Make) -> None:
    assert problem_of(make("words;longest=5")).by_text
    assert not problem_of(make("words;statuses=401")).by_text
    assert not problem_of(make("words;silent=1"), patience_s=1).by_text


def test_how_long_it_wants_to_be_left_alone_is_told(make: Make) -> None:
    assert problem_of(make("words;statuses=429;retry_after=7")).pause_s == 7


def test_wrong_dimensions_are_told(make: Make) -> None:
    problem = problem_of(make("words;ignore_dimensions=1", dimensions=16))
    assert problem.message.endswith("gives 1000 numbers, and was asked for 16.")


def test_the_key_is_never_in_the_words(make: Make) -> None:
    said = problem_of(make(f"words;statuses=429;message=no {KEY} here")).message
    assert KEY not in said
    assert "no … here" in said


def test_a_server_that_is_not_there_is_named_without_its_password(make: Make) -> None:
    address = f"http://me:secret@127.0.0.1:{free_port()}/v1"
    problem = problem_of(make(address=address))
    assert problem.code == "unreachable"
    assert "secret" not in problem.message


def test_somebody_elses_patience_is_not_ours(make: Make) -> None:
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.1):
        make("words;silent=1").embed(TEXTS, PATIENCE_S)


def test_others_go_on_while_it_waits(make: Make) -> None:
    waiting = gevent.spawn(make("words;silent=1").embed, TEXTS, PATIENCE_S)
    gevent.sleep(0)
    assert len(make().embed(TEXTS, PATIENCE_S)) == len(TEXTS)
    assert not waiting.ready()
    waiting.kill()


def test_no_more_texts_than_a_request_may_hold(make: Make) -> None:
    with pytest.raises(ValueError, match="at once"):
        make().embed(["x"] * (MOST_AT_ONCE + 1), 1)
    assert [make().at_once(size) for size in (0, 384, 4096, 8192, 1 << 20)] == [64, 64, 32, 16, 1]


def problem_of(embeddings: Embeddings, patience_s: float = PATIENCE_S) -> EmbeddingError:
    with pytest.raises(EmbeddingError) as told:
        embeddings.embed(TEXTS, patience_s)
    return told.value
