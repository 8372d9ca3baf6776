"""The WebSocket: the same events as SSE, and sends and stops that answer what HTTP would say."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

from tests.patience import PATIENCE_S
from tests.person import Person
from tests.upstream import Upstream

MODEL = "socket;tokens=60"


class Line:
    """A socket of a conversation."""

    def __init__(self, person: Person, conversation: str, *, query: str = "", **headers: str) -> None:
        url = person.url.replace("http", "ws") + f"/api/conversations/{conversation}/socket{query}"
        self.ws = websocket.create_connection(
            url,
            header=[f"{name}: {value}" for name, value in headers.items()],
            timeout=PATIENCE_S,
            suppress_origin=True,
        )

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            code, data = self.ws.recv_data()
            if code != websocket.ABNF.OPCODE_TEXT:
                break
            yield json.loads(data)
        self.code = int.from_bytes(data[:2], "big")

    def send(self, **frame: Any) -> None:
        self.ws.send(json.dumps(frame))

    def until(self, *names: str) -> dict[str, Any]:
        for frame in self:
            if frame["event"] in names:
                return frame
        raise AssertionError(f"no {names}")

    def close_code(self) -> int:
        for _ in self:
            continue
        return self.code


def named(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def test_it_sends_and_follows_and_the_text_is_what_is_stored(person: Person) -> None:
    line = Line(person, person.converse(), **named(person))
    assert line.until("state")["data"] == {}
    line.send(send={"text": "Where from?", "model": "prose;tokens=120"}, ref="a")
    texts: dict[str, str] = {}
    answered, ended = None, False
    for frame in line:
        match frame["event"]:
            case "ok":
                answered = frame
            case "message":
                texts[frame["data"]["id"]] = frame["data"]["text"]
            case "chunk":
                texts[frame["data"]["message_id"]] += frame["data"]["text"]
            case "end":
                ended = True
        if answered and ended:
            break
    assert answered is not None
    assert answered["ref"] == "a"
    reply = answered["data"]["reply"]
    assert texts[reply["id"]] == person.state(reply["stream_id"])["text"]


def test_a_stop_by_frame_stops(person: Person) -> None:
    """Wherever its text is told: the message of one that is late brings it."""
    line = Line(person, person.converse(), **named(person))
    line.send(send={"text": "Where from?", "model": "stall"}, ref=1)
    stream_id = line.until("ok")["data"]["reply"]["stream_id"]
    next(frame for frame in line if frame["data"].get("text") and frame["data"].get("role") != "user")
    line.send(stop=stream_id, ref=2)
    assert line.until("end")["data"]["status"] == "stopped"


def test_what_is_refused_is_an_answer_with_its_ref_and_the_socket_goes_on(person: Person) -> None:
    line = Line(person, person.converse(), **named(person))
    for frame, code in (
        ({"send": {"text": "  "}, "ref": 1}, "invalid"),
        ({"send": {"text": "x", "surplus": 1}, "ref": 2}, "invalid"),
        ({"stop": "nothing", "ref": 3}, "not_found"),
        ({"stop": "\ud800", "ref": "\ud800"}, "not_found"),
        ({"dance": True, "ref": 4}, "bad_frame"),
    ):
        line.send(**frame)
        answer = line.until("error")
        assert (answer["ref"], answer["data"]["error"]["code"]) == (frame["ref"], code)
    for raw in ("[" * 100_000, "nonsense", "null", '{"send": "\\ud800"}'):
        line.ws.send(raw)
        assert line.until("error")["data"]["error"]["code"] == "bad_frame"


def test_it_goes_on_after_an_id(person: Person, upstream: Upstream) -> None:
    upstream.hold(0, MODEL)
    asked = person.ask("Where from?", model=MODEL)
    line = Line(person, asked.conversation_id, **named(person))
    person.drive(asked.stream_id).close()
    next(frame for frame in line if frame["data"].get("status") == "streaming")
    upstream.hold(100, MODEL)  # only now: what became of the message is told before its text
    place = line.until("chunk")
    line.ws.close()
    upstream.let_go(MODEL)
    again = Line(person, asked.conversation_id, query=f"?after={place['id']}", **named(person))
    first = next(frame for frame in again if frame["event"] != "presence")
    assert first["event"] in ("chunk", "end")
    assert first["data"]["offset"] == place["data"]["offset"] + len(place["data"]["text"].encode())


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_bad_bearer_is_refused_before_the_upgrade(person: Person, token: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Line(person, person.converse(), Authorization=f"Bearer {token or 'x'}")
    assert refused.value.status_code == 401


def test_a_stranger_is_refused_before_the_upgrade_as_if_there_were_nothing(person: Person) -> None:
    stranger = Person.sign_in(person.url)
    for conversation in (person.converse(), "unknown"):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            Line(stranger, conversation, **named(stranger))
        assert refused.value.status_code == 404


def test_who_cannot_set_headers_says_it_in_the_first_frame(person: Person) -> None:
    conversation = person.converse()
    line = Line(person, conversation, Origin="https://elsewhere.example")
    line.send(token=person.token)
    assert line.until("state")


def test_a_bad_first_frame_closes_with_its_code(person: Person) -> None:
    conversation = person.converse()
    bad = Line(person, conversation)
    bad.send(token="nonsense")
    assert bad.close_code() == 4401
    stranger = Person.sign_in(person.url)
    foreign = Line(stranger, conversation)
    foreign.send(token=stranger.token)
    assert foreign.close_code() == 4404


def test_a_reader_of_a_link_may_watch_but_not_send_and_is_cut_when_it_is_taken_back(person: Person) -> None:
    conversation = person.converse()
    link = person.call("POST", f"/api/conversations/{conversation}/share").json()
    reader = Person(person.url, link["token"])
    line = Line(reader, conversation, **named(reader))
    line.until("state")
    line.send(send={"text": "may I?"}, ref=1)
    assert line.until("error")["data"]["error"]["code"] == "read_only"
    person.call("DELETE", f"/api/conversations/{conversation}/share")
    assert line.close_code() == 4403


def test_a_large_message_to_a_slow_reader_arrives_whole(person: Person) -> None:
    asked = person.ask("Where from?", model="prose;tokens=60000")
    person.drive(asked.stream_id).read_all()
    line = Line(person, asked.conversation_id, **named(person))
    texts = [frame["data"]["text"] for frame in (line.until("message"), line.until("message"))]
    assert texts[1] == person.state(asked.stream_id)["text"]
