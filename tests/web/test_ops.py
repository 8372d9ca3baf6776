"""Alive is not ready: a leaving process, or one without its database, takes no requests."""

import gevent
import pytest
from gevent.event import Event
from sqlalchemy.exc import OperationalError

from chat.web import ops
from tests.patience import PATIENCE_S
from tests.web.calls import Api


def test_alive_and_ready(api: Api) -> None:
    client = api.app.test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "ready")


def test_nobody_has_to_say_who_they_are(api: Api) -> None:
    for path in ("/healthz", "/readyz"):
        assert api.app.test_client().get(path, headers={"Authorization": "Bearer bad"}).status_code == 200


def test_a_process_that_leaves_is_alive_but_not_ready(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.house.engine, "draining", True)
    client = api.app.test_client()
    assert client.get("/healthz").status_code == 200
    left = client.get("/readyz")
    assert (left.status_code, left.get_json()["why"]) == (503, "draining")
    assert int(left.headers["Retry-After"]) > 0


def test_without_its_database_it_is_not_ready_and_names_no_address(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("unable to open postgresql://ada:secret@db/chat"))

    monkeypatch.setattr(type(api.house.store), "read", fail)
    client = api.app.test_client()
    assert client.get("/healthz").status_code == 200
    refused = client.get("/readyz")
    assert (refused.status_code, refused.get_json()["why"]) == (503, "the database does not answer")
    assert "secret" not in refused.text


def test_a_database_that_is_silent_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    speaks = Event()

    def hang(*_: object) -> None:
        nonlocal looks
        looks += 1
        speaks.wait()

    monkeypatch.setattr(ops, "PATIENCE_S", 0.1)
    monkeypatch.setattr(type(api.house.store), "read", hang)
    client = api.app.test_client()
    try:
        with gevent.Timeout(PATIENCE_S):
            answers = [client.get("/readyz") for _ in range(2)]
            assert client.get("/healthz").status_code == 200
    finally:
        speaks.set()
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "in time" in answers[0].get_json()["why"]
    assert looks == 1, "whoever asks meanwhile waits for the look that is under way"
