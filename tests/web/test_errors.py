"""Refusals and accidents: JSON under /api, a page elsewhere, plain words and never how it is built."""

import socket

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from chat.core.log import Rewound
from chat.generation.engine import Draining
from chat.store.messages import AnswerInProgress
from chat.web.errors import Invalid, as_api_error
from tests.web.calls import Api

SECRET = "/home/ada/secret.py"


@pytest.fixture
def broken(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """An API whose database raises what nobody expects."""

    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(type(api.house.store), "read", fail)
    return api


def test_an_accident_is_told_without_detail(broken: Api) -> None:
    answer = broken.call("GET", "/conversations")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_on_a_page_too(broken: Api) -> None:
    client = broken.app.test_client()
    client.set_cookie("headwater", broken.house.signer.sign(broken.ada))
    page = client.get("/c/nothing")
    assert (page.status_code, page.mimetype) == (500, "text/html")
    assert "secret" not in page.text
    assert "Something went wrong" in page.text


def test_a_database_that_is_away_is_worth_another_try(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("disk I/O error"))

    monkeypatch.setattr(type(api.house.store), "read", fail)
    answer = api.call("GET", "/conversations")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "SELECT" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/conversations/", 404, "not_found"),
        ("GET", "/conversations/a/b/c/d", 404, "not_found"),
        ("GET", "/conversations/%00", 404, "not_found"),
        ("GET", "/streams/..%2f..%2fetc", 404, "not_found"),
        ("PUT", "/conversations", 405, "method_not_allowed"),
        ("GET", "/session", 405, "method_not_allowed"),
        ("TRACE", "/conversations", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there(api: Api, method: str, path: str, status: int, code: str) -> None:
    assert api.refused(method, path) == (status, code)


@pytest.mark.parametrize("version", [None, "9", "13"])
def test_half_a_handshake_is_a_bad_request(api: Api, version: str | None) -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    if version:
        headers["Sec-WebSocket-Version"] = version
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = {"gunicorn.socket": ours}
        answer = api.call("GET", f"{api.begin()}/socket", headers=headers, environ_base=line)
    assert answer.status_code == 400


def test_a_wrong_method_says_which_are_right(api: Api) -> None:
    assert {"GET", "POST"} <= set(api.call("PUT", "/conversations").headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "path", ["/nothing", "/c/nothing", "/c/nothing/events", "/s/nothing", "/static/nothing"]
)
def test_a_page_says_it_in_words(app: Flask, path: str) -> None:
    page = app.test_client().get(path)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "There is nothing here" in page.text


def test_what_the_floors_below_raise_has_words_and_numbers() -> None:
    rewound = as_api_error(Rewound("cut and go on", 12, 3))
    assert (rewound.status, rewound.code) == (409, "rewound")
    assert (rewound.more["length"], rewound.more["epoch"]) == (12, 3)
    assert as_api_error(AnswerInProgress("s1")).body()["error"]["stream_id"] == "s1"
    assert as_api_error(Draining("s1")).status == 503
    mine = Invalid("Mine.")
    assert as_api_error(mine) is mine
