"""Bodies: every wrong one gets a clear answer of the right kind, and none breaks anything."""

import json
import time
from collections.abc import Callable

import pytest
from pydantic import TypeAdapter

from chat.web.validation import NewMessage, NewStream, Whole, check, parse_json
from tests.web.calls import Api

JSON = "application/json"
MIB = 1 << 20


def refused(api: Api, raw: bytes, content_type: str = JSON) -> tuple[int, str]:
    return api.refused("POST", "/streams", data=raw, content_type=content_type)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b'{"prompt": "x"', b"{'prompt': 'x'}", b'{"prompt": "x"} more', b"NaN", b'{"prompt": NaN}',
        b'{"prompt": -Infinity}', b'{"prompt": 1e999}', b'{"prompt": ' + b"9" * 5000 + b"}", b"\xff\xfe\x00",
        b'{"prompt": "\xff"}', b"[" * 100_000, b'{"a":' * 100_000, b'"' + b"\\" * 7,
    ],
)  # fmt: skip
def test_what_is_no_json(api: Api, raw: bytes) -> None:
    assert refused(api, raw) == (400, "bad_json")


@pytest.mark.parametrize(
    "found",
    [
        None, [], "x", 1, True, {}, {"prompt": None}, {"prompt": 1}, {"prompt": ["x"]}, {"prompt": {"x": 1}},
        {"prompt": ""}, {"prompt": " \n\t"}, {"prompt": "a\0b"}, {"prompt": "\ud83d"},
        {"prompt": "x", "\udc00": 1}, {"prompt": "x", "more": 1}, {"prompt": "x", "system": 1},
        {"prompt": "x", "system": "\0"}, {"prompt": "x", "model": ""}, {"prompt": "x", "model": "m" * 201},
        *({"prompt": "x", "chunk_by": by} for by in (0, 4097, True, 1.5, "line", "-1", [], 10**400)),
    ],
)  # fmt: skip
def test_what_does_not_fit(api: Api, found) -> None:
    assert refused(api, json.dumps(found).encode()) == (422, "invalid")


@pytest.mark.parametrize("value", [1, 0, "true", None, []])
def test_a_flag_is_true_or_false(api: Api, value) -> None:
    conversation = api.begin()
    assert api.refused("POST", f"{conversation}/messages", {"text": "x", "branch": value})[0] == 422


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "text/json", "multipart/form-data", "application/xml"]
)
def test_another_kind_of_body(api: Api, content_type: str) -> None:
    assert refused(api, b'{"prompt": "x"}', content_type) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", [JSON, f"{JSON}; charset=utf-8", "APPLICATION/JSON"])
def test_json_by_any_of_its_names(api: Api, content_type: str) -> None:
    answer = api.call("POST", "/streams", data=b'{"prompt": "x"}', content_type=content_type)
    assert answer.status_code == 201


def test_a_text_may_have_so_many_bytes_and_a_body_so_many_more(api: Api) -> None:
    largest = "€" * (65_536 // 3)
    assert api.call("POST", "/streams", {"prompt": largest}).status_code == 201
    assert api.refused("POST", "/streams", {"prompt": f"{largest}€"}) == (413, "too_large")
    assert refused(api, b'{"prompt": "' + b"x" * MIB + b'"}') == (413, "too_large")


def test_the_answer_says_where_and_what(api: Api) -> None:
    answer = api.call("POST", "/streams", {"prompt": 5, "promt": "x"})
    assert answer.get_json()["error"]["message"] == "prompt: must be a string. promt: is not known here."


def test_what_was_sent_is_not_sent_back(api: Api) -> None:
    answer = api.call("POST", "/streams", {"prompt": {"key": "sk-secret"}})
    assert "sk-secret" not in answer.text


def test_what_fits_comes_through_as_it_was(api: Api) -> None:
    with api.app.app_context():
        read = check(NewMessage, {"text": " Ünï\r\n\u2028🙂 ", "client_id": "1", "chunk_by": 12})
        assert (read.text, read.client_id, read.chunk_by) == (" Ünï\r\n\u2028🙂 ", "1", "12")
        assert read.parent_id is None
        assert "parent_id" not in read.model_fields_set
        assert check(NewStream, {"prompt": "x", "chunk_by": "word"}).chunk_by == "word"


@pytest.mark.parametrize("raw", ['{"a": 1.5, "b": [null, true]}', '"\\ud83d\\ude42"', "[" * 50 + "]" * 50])
def test_good_json_is_read(raw: str) -> None:
    assert parse_json(raw) == json.loads(raw)


def test_a_long_text_is_looked_through_in_no_time() -> None:
    long, adapter = "wide " * 4_000_000, TypeAdapter(Whole)
    assert adapter.validate_python(long) == long
    took = min(seconds_for(lambda: adapter.validate_python(long)) for _ in range(3))
    assert took < seconds_for(lambda: any(one == "\0" for one in long)) / 2, "no character by itself"


def seconds_for(look: Callable[[], object]) -> float:
    """Say how much of a processor's time this takes."""
    began = time.process_time()
    look()
    return time.process_time() - began


@pytest.mark.parametrize(("field", "said"), [("title", "at most 200 characters"), ("model", "least 1 char")])
def test_a_wrong_length_is_told_in_characters(api: Api, field: str, said: str) -> None:
    told = api.call("POST", "/conversations", {field: "x" * 201 if field == "title" else ""})
    assert told.status_code == 422
    assert said in told.get_json()["error"]["message"]
