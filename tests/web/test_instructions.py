"""What a model is asked with besides the question: instructions and temperature, whoever set them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chat.config import Settings
from chat.generation.answers import Answers, Usual
from chat.generation.providers.types import Ask
from tests.web.calls import Api, opened_app

Open = Callable[..., "Listener"]


class Mouth:
    """A provider that says nothing, and remembers what it was asked."""

    name, default_model = "mouth", "mouth"

    def __init__(self) -> None:
        self.asked: list[Ask] = []

    def open(self, ask: Ask) -> Any:
        self.asked.append(ask)
        return iter(())


class Listener:
    """An app, and what a stream of it would ask a provider."""

    def __init__(self, api: Api) -> None:
        self.api = api
        settings: Settings = api.house.settings
        self.mouth = Mouth()
        usual = Usual(settings.system, settings.temperature)
        self.answers = Answers(api.house.store, self.mouth, usual=usual)  # type: ignore[arg-type]

    def asked(self, stream_id: str, so_far: str = "") -> Ask:
        state = self.api.house.streams.state(stream_id)
        assert state is not None
        self.answers.open(state, so_far)
        return self.mouth.asked[-1]

    def in_conversation(self, so_far: str = "", **fields: Any) -> Ask:
        stream_id = self.api.ask(self.api.begin(**fields), "Well?")["reply"]["stream_id"]
        return self.asked(stream_id, so_far)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda **settings: Listener(Api(stack.enter_context(opened_app(tmp_path, **settings))))


def test_a_conversation_has_its_own(opened: Open):
    house = opened(system="Be brief.", temperature=1.5)
    ask = house.in_conversation(system="Be long.", temperature=0)
    assert ask.messages[0] == {"role": "system", "content": "Be long."}
    assert ask.fields == {"temperature": 0}


def test_one_that_has_none_takes_the_houses(opened: Open):
    ask = opened(system="Be brief.", temperature=1.5).in_conversation()
    assert ask.messages[0] == {"role": "system", "content": "Be brief."}
    assert ask.fields == {"temperature": 1.5}


def test_without_either_the_model_is_left_its_own(opened: Open):
    ask = opened().in_conversation()
    assert [message["role"] for message in ask.messages] == ["user"]
    assert ask.fields == {}


def test_an_answer_that_goes_on_is_asked_for_at_the_same_temperature(opened: Open):
    assert opened().in_conversation("The answer is", temperature=0.2).fields == {"temperature": 0.2}


def test_a_stream_without_a_conversation_may_have_one_too(opened: Open):
    house = opened(temperature=1.5)
    for body, fields in (({"temperature": 0.4}, {"temperature": 0.4}), ({}, {})):
        made = house.api.call("POST", "/streams", {"prompt": "Well?", **body})
        assert made.status_code == 201
        assert house.asked(made.get_json()["stream_id"]).fields == fields


@pytest.mark.parametrize("wrong", [-0.1, 2.1, "hot", True])
def test_a_temperature_that_is_none_is_refused(opened: Open, wrong: Any):
    assert opened().api.refused("POST", "/streams", {"prompt": "Well?", "temperature": wrong})[0] == 422
