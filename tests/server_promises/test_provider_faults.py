"""Whatever a provider does, the answer ends in the right status, with what was received kept."""

from collections.abc import Iterator

import pytest

from tests.conftest import ServerFactory
from tests.faults import FAULTS, FIRST_TOKEN_S, SHAPES, SILENCE_S, WHOLE, Fault
from tests.person import Person
from tests.server import RealServer
from tests.server_promises.waiting import until_status
from tests.upstream import Upstream


@pytest.fixture(scope="module")
def impatient_server(
    standing_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """A server whose watchdogs bark soon."""
    server = RealServer(
        tmp_path_factory.mktemp("impatient"),
        OPENAI_BASE_URL=standing_upstream.url,
        OPENAI_API_KEY="scripted",
        CHAT_FIRST_TOKEN_S=str(FIRST_TOKEN_S),
        CHAT_SILENCE_S=str(SILENCE_S),
        CHAT_SESSION_RATE="0",
    )
    yield server.start()
    server.kill()


@pytest.fixture
def impatient(impatient_server: RealServer, upstream: Upstream) -> Person:
    return Person.sign_in(impatient_server.url)


@pytest.mark.parametrize("fault", FAULTS + SHAPES, ids=lambda fault: fault.model)
def test_every_fault_has_its_end(impatient: Person, fault: Fault) -> None:
    status, code, text = fault.status, fault.code, fault.text
    asked = impatient.ask(model=fault.model)
    seen = impatient.drive(asked.stream_id).read_all()
    state = until_status(impatient, asked.stream_id, "done", "error", "stopped", "interrupted")
    assert (state["status"], (state["error"] or {}).get("code")) == (status, code)
    assert state["text"] == text
    assert seen.decode() == text
    message = impatient.get(f"/api/conversations/{asked.conversation_id}/messages")["items"][-1]
    assert (message["status"], message["text"], message["error"]) == (status, text, state["error"])
    if code:
        assert len(state["error"]["message"]) > 20
        assert "Traceback" not in state["error"]["message"]
        assert "scripted" not in state["error"]["message"].replace("The scripted upstream", "")


def test_nobody_there_is_said_in_plain_words(server_factory: ServerFactory) -> None:
    server: RealServer = server_factory(OPENAI_BASE_URL="http://127.0.0.1:9/v1", OPENAI_API_KEY="scripted")
    person = Person.sign_in(server.url)
    asked = person.ask()
    person.drive(asked.stream_id).read_all()
    state = until_status(person, asked.stream_id, "error")
    assert state["error"]["code"] == "provider_unreachable"
    assert "127.0.0.1:9" in state["error"]["message"]


def test_length_is_done_and_says_so(impatient: Person) -> None:
    asked = impatient.ask(model="length")
    impatient.drive(asked.stream_id).read_all()
    assert until_status(impatient, asked.stream_id, "done")["finish_reason"] == "length"


def test_after_an_error_one_may_ask_again(impatient: Person) -> None:
    asked = impatient.ask(model="unauthorized")
    impatient.drive(asked.stream_id).read_all()
    until_status(impatient, asked.stream_id, "error")
    path = f"/api/conversations/{asked.conversation_id}/messages/{asked.reply_id}/regenerate"
    again = impatient.call("POST", path, {"model": "any"})
    assert again.status_code == 201
    assert impatient.drive(again.json()["reply"]["stream_id"]).read_all().decode() == WHOLE
