"""To whoever may not know, everything is 404, in the same words as what does not exist."""

import pytest
import websocket

from tests.patience import PATIENCE_S
from tests.person import Asked, Person
from tests.server import RealServer
from tests.server_promises.waiting import until_status

ROUTES = [
    ("GET", "/api/conversations/{c}"),
    ("PATCH", "/api/conversations/{c}"),
    ("DELETE", "/api/conversations/{c}"),
    ("GET", "/api/conversations/{c}/messages"),
    ("POST", "/api/conversations/{c}/messages"),
    ("POST", "/api/conversations/{c}/messages/{m}/regenerate"),
    ("POST", "/api/conversations/{c}/share"),
    ("DELETE", "/api/conversations/{c}/share"),
    ("GET", "/api/conversations/{c}/events"),
    ("POST", "/api/streams/{s}"),
    ("GET", "/api/streams/{s}"),
    ("GET", "/api/streams/{s}/events"),
    ("POST", "/api/streams/{s}/stop"),
    ("DELETE", "/api/streams/{s}"),
    ("GET", "/c/{c}"),
    ("POST", "/c/{c}/messages"),
]
ASKING = [route for route in ROUTES if route[0] != "GET" and route[1].startswith("/api")]
AT_ONCE_S = 14.0  # a second is promised, where nothing else runs; the next heartbeat comes after 15
READING = [route for route in ROUTES if route[0] == "GET" and route[1].startswith("/api")]


@pytest.fixture
def asked(person: Person) -> Asked:
    asked = person.ask(model="stall")
    person.drive(asked.stream_id).close()
    return asked


def call(person: Person, method: str, path: str, asked: Asked | None) -> tuple[int, str]:
    """Call a route for something that is there, or for nothing."""
    ids = {"c": "nothing", "m": "nothing", "s": "nothing"}
    if asked is not None:
        ids = {"c": asked.conversation_id, "m": asked.reply_id, "s": asked.stream_id}
    body = {"text": "Let me in."} if method == "POST" and path.endswith("messages") else {}
    answer = person.call(
        method, path.format(**ids), body if method in ("POST", "PATCH") else None, stream=True
    )
    with answer:
        return answer.status_code, answer.text if answer.status_code >= 400 else ""


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_stranger_is_told_nothing(server: RealServer, asked: Asked, method: str, path: str) -> None:
    stranger = Person.sign_in(server.url)
    status, words = call(stranger, method, path, asked)
    assert status == 404
    assert (status, words) == call(stranger, method, path, None)


def test_all_of_it_is_still_there_for_its_owner(server: RealServer, person: Person, asked: Asked) -> None:
    stranger = Person.sign_in(server.url)
    for method, path in ROUTES:
        call(stranger, method, path, asked)
    assert person.state(asked.stream_id)["status"] == "streaming"
    assert len(person.get(f"/api/conversations/{asked.conversation_id}/messages")["items"]) == 2
    assert stranger.get("/api/conversations")["items"] == []


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1].startswith("/api")])
def test_without_credentials_it_is_401(server: RealServer, asked: Asked, method: str, path: str) -> None:
    assert call(Person(server.url, None), method, path, asked)[0] == 401
    assert call(Person(server.url, "made-up"), method, path, asked)[0] == 401


def test_a_share_link_reads_and_does_nothing_else(server: RealServer, person: Person, asked: Asked) -> None:
    share = person.call("POST", f"/api/conversations/{asked.conversation_id}/share").json()
    viewer = Person(server.url, share["token"])
    other = person.ask(model="short")
    for method, path in READING:
        assert call(viewer, method, path, asked)[0] == 200, path
        assert call(viewer, method, path, other)[0] == 404, path
    for method, path in ASKING:
        status, words = call(viewer, method, path, asked)
        assert (status, "read_only" in words) == (403, True), path
    assert person.state(asked.stream_id)["status"] == "streaming"


def test_a_withdrawn_link_closes_open_lines_within_a_second(
    server: RealServer, person: Person, asked: Asked
) -> None:
    path = f"/api/conversations/{asked.conversation_id}"
    viewer = Person(server.url, person.call("POST", f"{path}/share").json()["token"])
    conversation, stream = viewer.events(path), viewer.follow(asked.stream_id)
    conversation.until("message")
    assert person.call("DELETE", f"{path}/share").status_code == 204
    conversation.response.socket.settimeout(AT_ONCE_S)
    stream.response.socket.settimeout(AT_ONCE_S)
    assert conversation.until("close")
    assert stream.until("close")
    assert viewer.call("GET", path).status_code == 401


def test_a_socket_is_refused_before_or_after_the_handshake(
    server: RealServer, person: Person, asked: Asked
) -> None:
    address = f"ws://127.0.0.1:{server.port}/api/conversations/{asked.conversation_id}/socket"
    stranger = Person.sign_in(server.url)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(address, header=stranger.credentials, timeout=PATIENCE_S)
    assert refused.value.status_code == 404
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(address, header={"Authorization": "Bearer made-up"}, timeout=PATIENCE_S)
    assert refused.value.status_code == 401
    line = websocket.create_connection(address, timeout=PATIENCE_S)
    line.send('{"token": "made-up"}')
    code, data = line.recv_data()
    assert code == websocket.ABNF.OPCODE_CLOSE
    assert int.from_bytes(data[:2], "big") == 4401


def test_what_was_stopped_by_its_owner_alone(server: RealServer, person: Person, asked: Asked) -> None:
    Person.sign_in(server.url).stop(asked.stream_id)
    assert person.state(asked.stream_id)["status"] == "streaming"
    person.stop(asked.stream_id)
    until_status(person, asked.stream_id, "stopped")
