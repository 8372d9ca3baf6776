"""Alive is not ready: a leaving process, or one without its database, takes no requests."""

import pytest
from sqlalchemy.exc import OperationalError

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
    assert client.get("/readyz").status_code == 503


def test_without_its_database_it_is_not_ready(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("unable to open"))

    monkeypatch.setattr(type(api.house.store), "read", fail)
    client = api.app.test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
