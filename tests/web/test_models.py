"""The models one may choose from: this deployment's, else what the model's server has, never waited for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gevent
import pytest

from chat.generation.catalogue import AGAIN_S, FRESH_S, PATIENCE_S, Catalogue
from tests.generation.test_engine import wait_for
from tests.upstream import Upstream
from tests.web.calls import Api, opened_app

Open = Callable[..., Api]


class Shelf:
    """A server's list that a test writes, and a clock that it moves."""

    def __init__(self) -> None:
        self.asked = 0
        self.found: Any = ["small", "large"]
        self.now = 0.0
        self.models = Catalogue((), "large", self.fetch, lambda: self.now)

    def fetch(self) -> list[str]:
        self.asked += 1
        gevent.sleep(0)
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found

    def settled(self) -> tuple[str, ...]:
        self.models.listed()
        gevent.sleep(0.01)
        return self.models.listed()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda **settings: Api(stack.enter_context(opened_app(tmp_path, **settings)))


def test_the_deployments_own_list_is_the_list(opened: Open):
    api = opened(models=("b", "a"), model="a", openai_base_url="http://127.0.0.1:9/v1")
    assert api.get("/models") == {"items": [{"id": "b"}, {"id": "a"}], "default": "a"}


def test_without_one_the_models_server_is_asked(
    opened: Open, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("chat.generation.catalogue.PATIENCE_S", AGAIN_S)  # late is not away
    api = opened(model="mine", openai_base_url=upstream.url)
    assert api.get("/models") == {"items": [{"id": "mine"}], "default": "mine"}, "nobody waits for it"
    wait_for(lambda: len(api.get("/models")["items"]) == 2)
    assert api.get("/models")["items"] == [{"id": "mine"}, {"id": "scripted"}]


def test_the_demo_offers_itself(opened: Open):
    assert opened().get("/models") == {"items": [{"id": "demo"}], "default": "demo"}


def test_who_is_nobody_is_told_nothing(opened: Open):
    assert opened().refused("GET", "/models", who="") == (401, "unauthorized")


def test_it_is_asked_once_for_all_who_look_and_anew_when_it_is_old():
    shelf = Shelf()
    for _ in range(5):
        shelf.models.listed()
    assert shelf.settled() == ("large", "small")
    assert shelf.asked == 1
    shelf.found = ["large"]
    assert shelf.settled() == ("large", "small"), "it is fresh"
    shelf.now += FRESH_S
    assert shelf.settled() == ("large",)


@pytest.mark.parametrize("found", [OSError("no line"), gevent.Timeout(), [None], 7])
def test_a_list_that_cannot_be_had_leaves_what_was_known(found: Any):
    shelf = Shelf()
    known = shelf.settled()
    shelf.found = found
    shelf.now += FRESH_S
    assert shelf.settled() == known
    shelf.found = ["later", "large"]
    assert shelf.settled() == known, "not asked again at once"
    shelf.now += AGAIN_S
    assert shelf.settled() == ("large", "later")


def test_a_server_that_never_answers_is_let_go_of(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chat.generation.catalogue.PATIENCE_S", PATIENCE_S / 100)
    shelf = Shelf()
    shelf.models = Catalogue((), "mine", lambda: gevent.sleep(60) or (), lambda: shelf.now)
    shelf.models.listed()
    wait_for(lambda: shelf.models._fetching is None)
    assert shelf.models.listed() == ("mine",)


def test_ids_that_no_table_could_hold_are_left_out():
    shelf = Shelf()
    shelf.found = ["", "x" * 201, "a\x00b", "\ud800", "good"]
    assert shelf.settled() == ("large", "good")
