"""Whatever a provider does, the answer ends in the right status, with what was received kept."""

from collections.abc import Iterator

import pytest

from tests.faults import FAULTS, FIRST_TOKEN_S, SHAPES, SILENCE_S, SILENT, WHOLE, Fault
from tests.person import Asked, Person
from tests.server import RealServer
from tests.server_promises.waiting import until_status
from tests.upstream import Upstream


def serving(upstream: Upstream, folders: pytest.TempPathFactory, **settings: str) -> Iterator[RealServer]:
    """A server for these tests alone: what it learns of its provider is no other test's concern."""
    server = RealServer(
        folders.mktemp("server"),
        OPENAI_BASE_URL=upstream.url,
        OPENAI_API_KEY="scripted",
        CHAT_SESSION_RATE="0",
        **settings,
    )
    yield server.start()
    server.kill()


@pytest.fixture(scope="module")
def patient_server(
    standing_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """A server that waits for whoever is late."""
    yield from serving(standing_upstream, tmp_path_factory)


@pytest.fixture(scope="module")
def impatient_server(
    standing_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """A server whose watchdogs bark soon."""
    watchdogs = {"CHAT_FIRST_TOKEN_S": str(FIRST_TOKEN_S), "CHAT_SILENCE_S": str(SILENCE_S)}
    yield from serving(standing_upstream, tmp_path_factory, **watchdogs)


@pytest.fixture
def patient(patient_server: RealServer, upstream: Upstream) -> Person:
    return Person.sign_in(patient_server.url)


@pytest.fixture
def impatient(impatient_server: RealServer, upstream: Upstream) -> Person:
    return Person.sign_in(impatient_server.url)


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS + SHAPES if one.code not in SILENT], ids=lambda fault: fault.model
)
def test_every_fault_has_its_end(patient: Person, fault: Fault) -> None:
    asked = patient.ask(model=fault.model)
    ends_so(patient, asked, fault, patient.drive(asked.stream_id).read_all())


def test_silence_has_its_end(impatient: Person) -> None:
    """Of whatever kind: waited for side by side."""
    silent = [one for one in FAULTS if one.code in SILENT]
    asked = [impatient.ask(model=fault.model) for fault in silent]
    lines = [impatient.drive(one.stream_id) for one in asked]
    for fault, one, line in zip(silent, asked, lines, strict=True):
        ends_so(impatient, one, fault, line.read_all())


def ends_so(person: Person, asked: Asked, fault: Fault, seen: bytes) -> None:
    """See that an answer ended as it must, and says so everywhere."""
    status, code, text = fault.status, fault.code, fault.text
    state = until_status(person, asked.stream_id, "done", "error", "stopped", "interrupted")
    assert (state["status"], (state["error"] or {}).get("code")) == (status, code)
    assert state["text"] == text
    assert seen.decode() == text
    message = person.get(f"/api/conversations/{asked.conversation_id}/messages")["items"][-1]
    assert (message["status"], message["text"], message["error"]) == (status, text, state["error"])
    if code:
        assert len(state["error"]["message"]) > 20
        assert "Traceback" not in state["error"]["message"]
        assert "scripted" not in state["error"]["message"].replace("The scripted upstream", "")


def test_length_is_done_and_says_so(person: Person) -> None:
    asked = person.ask(model="length")
    person.drive(asked.stream_id).read_all()
    assert until_status(person, asked.stream_id, "done")["finish_reason"] == "length"


def test_after_an_error_one_may_ask_again(person: Person) -> None:
    asked = person.ask(model="unauthorized")
    person.drive(asked.stream_id).read_all()
    until_status(person, asked.stream_id, "error")
    path = f"/api/conversations/{asked.conversation_id}/messages/{asked.reply_id}/regenerate"
    again = person.call("POST", path, {"model": "any"})
    assert again.status_code == 201
    assert person.drive(again.json()["reply"]["stream_id"]).read_all().decode() == WHOLE
