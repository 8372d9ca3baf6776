"""Bad input gets a clear answer: never a 500, never a stack trace, and nothing is lost."""

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from tests.person import Asked, Person
from tests.server import RealServer

BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "not JSON": (b"{", 400),
    "a nested bomb": (b"[" * 100_000, 400),
    "a deep object": (b'{"text":' * 5_000 + b"1" + b"}" * 5_000, 400),
    "not UTF-8": (b'{"text": "\xff\xfe"}', 400),
    "a list": (b"[]", 422),
    "a string": (b'"text"', 422),
    "null": (b"null", 422),
    "a number beyond all": (b"1e999", 400),
    "no text": (b"{}", 422),
    "text of a wrong type": (b'{"text": ["a"]}', 422),
    "blank text": (b'{"text": " \\n\\t "}', 422),
    "NUL": (b'{"text": "a\\u0000b"}', 422),
    "a lone surrogate": (b'{"text": "\\ud83d"}', 422),
    "an unknown field": (b'{"text": "a", "role": "system"}', 422),
    "a client_id of a wrong type": (b'{"text": "a", "client_id": {}}', 422),
    "chunk_by nothing": (b'{"text": "a", "chunk_by": 0}', 422),
    "chunk_by too much": (b'{"text": "a", "chunk_by": 4097}', 422),
    "chunk_by a letter": (b'{"text": "a", "chunk_by": "letter"}', 422),
    "chunk_by true": (b'{"text": "a", "chunk_by": true}', 422),
    "a parent of elsewhere": (b'{"text": "a", "parent_id": "elsewhere"}', 422),
    "a model of a wrong type": (b'{"text": "a", "model": 3}', 422),
    "a huge number": (b'{"text": "a", "chunk_by": 1' + b"0" * 5_000 + b"}", 400),
    "long text": (json.dumps({"text": "a" * (65 << 10)}).encode(), 413),
    "a long body": (json.dumps({"text": "a" * (2 << 20)}).encode(), 413),
}


@pytest.fixture(scope="module")
def conversations() -> dict[str, str]:
    """Kept over the module's tests."""
    return {}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_refused_in_plain_words(person: Person, name: str) -> None:
    body, status = BODIES[name]
    conversation = person.converse()
    path = f"/api/conversations/{conversation}/messages"
    answer = person.call("POST", path, data=body, headers={"Content-Type": "application/json"})
    assert_refused(answer, status)
    assert person.get(path)["items"] == []


@pytest.mark.parametrize(("size", "status"), [(1 << 20, 422), ((1 << 20) + 1, 413), (3 << 20, 413)])
def test_a_chunked_body_is_not_cut_at_the_limit(person: Person, size: int, status: int) -> None:
    body = b'{"surplus": 1}'.ljust(size)
    pieces = (body[at : at + 65_536] for at in range(0, size, 65_536))
    headers = {"Content-Type": "application/json"}
    assert_refused(person.call("POST", "/api/conversations", data=pieces, headers=headers), status)


def test_what_is_no_chunk_is_a_bad_request(server: RealServer, person: Person) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as line:
        headers = person.credentials | {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        line.request("POST", "/api/conversations", body=b"no number\r\n{}\r\n0\r\n\r\n", headers=headers)
        answer = line.getresponse()
        assert (answer.status, json.load(answer)["error"]["code"]) == (400, "bad_request")


ROUTES = [
    ("POST", "/api/session"),
    ("POST", "/api/conversations"),
    ("PATCH", "/api/conversations/{c}"),
    ("POST", "/api/conversations/{c}/messages"),
    ("POST", "/api/conversations/{c}/messages/{m}/regenerate"),
    ("POST", "/api/streams"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_falls_over_any_body(server: RealServer, person: Person, method: str, path: str) -> None:
    asked = person.ask(model="short")
    person.drive(asked.stream_id).read_all()
    path = path.format(c=asked.conversation_id, m=asked.reply_id)
    for name, (body, _) in BODIES.items():
        answer = person.call(method, path, data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (name, answer.text)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""):
        answer = person.call(method, path, data=b'{"text": "a"}', headers={"Content-Type": kind})
        assert answer.status_code < 500, (kind, answer.text)
    assert "Traceback" not in server.logs


PLACES: dict[str, tuple[int, str]] = {
    "offset=-1": (422, "bad_offset"),
    "offset=x": (422, "bad_offset"),
    "offset=": (422, "bad_offset"),
    "offset=1.5": (422, "bad_offset"),
    "offset=٣": (422, "bad_offset"),
    "offset=" + "9" * 30: (422, "bad_offset"),
    "offset=999999": (409, "offset_beyond_end"),
    "offset=999999999999999999": (409, "offset_beyond_end"),
    "epoch=9": (422, "bad_epoch"),
    "epoch=-1": (422, "bad_epoch"),
    "epoch=x": (422, "bad_epoch"),
    "offset=1&epoch=x": (422, "bad_epoch"),
}


@pytest.fixture
def done(person: Person) -> Asked:
    asked = person.ask(model="any;text=aé🙂b")
    person.drive(asked.stream_id).read_all()
    return asked


@pytest.mark.parametrize("query", PLACES)
def test_places_that_are_none(person: Person, done: Asked, query: str) -> None:
    status, code = PLACES[query]
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/events")):
        answer = person.call(method, f"/api/streams/{done.stream_id}{path}?{query}")
        assert_refused(answer, status)
        assert answer.json()["error"]["code"] == code
        if status == 409:
            assert answer.json()["error"]["length"] == 8


@pytest.mark.parametrize(("offset", "length"), [(2, 1), (4, 3), (5, 3), (6, 3)])
def test_an_offset_inside_a_character_says_where_it_begins(
    person: Person, done: Asked, offset: int, length: int
) -> None:
    answer = person.call("GET", f"/api/streams/{done.stream_id}?offset={offset}")
    assert_refused(answer, 422)
    assert answer.json()["error"]["code"] == "offset_inside_character"
    assert answer.json()["error"]["length"] == length


@pytest.mark.parametrize("last_id", ["x", "", "-1", "9" * 400, "1.999999", "🙂".encode().decode("latin-1")])
def test_a_last_event_id_is_never_refused(person: Person, done: Asked, last_id: str) -> None:
    for path in (f"/api/streams/{done.stream_id}", f"/api/conversations/{done.conversation_id}"):
        headers = {"Last-Event-ID": last_id.encode("latin-1"), "Accept": "text/event-stream"}
        answer = person.call("GET", path + "/events", headers=headers, stream=True)
        with answer:
            assert answer.status_code == 200


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "limit=201", "after=x", "after=%00", "limit=٣"]
)
def test_lists_refuse_bad_places(person: Person, done: Asked, query: str) -> None:
    assert_refused(person.call("GET", f"/api/conversations?{query}"), 422)
    assert_refused(person.call("GET", f"/api/conversations/{done.conversation_id}/messages?{query}"), 422)


def test_odd_paths_and_methods(server: RealServer, person: Person) -> None:
    for path in (
        "/api/conversations/%00",
        "/api/streams/" + "a" * 3000,
        "/api/streams/../../etc/passwd",
        "/c/%ff",
    ):
        assert person.call("GET", path).status_code in (400, 404, 414), path
    assert person.call("DELETE", "/api/conversations").status_code == 405
    assert person.call("PUT", "/api/session").status_code == 405
    assert requests.post(server.url + "/c", data={"text": ""}, timeout=10).status_code < 500
    assert "Traceback" not in server.logs


def assert_refused(answer: requests.Response, status: int) -> None:
    """A refusal is JSON with a code and a sentence, and nothing of our inside."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"]
    assert len(error["message"]) > 8
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
