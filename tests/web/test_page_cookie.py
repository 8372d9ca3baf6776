"""The cookie of a browser: given with the first page, signed, stored nowhere, renewed in time."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from chat.store.people import Person
from chat.store.tables import people
from chat.web.caller import COOKIE
from chat.web.cookie import REFRESH
from tests.web.calls import Api, opened_app


def set_cookie(answer) -> str | None:
    return answer.headers.get("Set-Cookie")


def test_a_first_visit_gets_one_and_stores_nothing(api: Api) -> None:
    count = select(func.count()).select_from(people)
    before = api.house.store.read(lambda conn: conn.execute(count).scalar_one())
    answer = api.app.test_client().get("/")
    cookie = set_cookie(answer) or ""
    assert answer.status_code == 200
    assert cookie.startswith(f"{COOKIE}=")
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=34560000"))
    assert "Secure" not in cookie
    assert api.house.store.read(lambda conn: conn.execute(count).scalar_one()) == before


def test_who_has_one_keeps_it(app: Flask) -> None:
    client = app.test_client()
    client.get("/")
    assert set_cookie(client.get("/")) is None


def test_over_https_it_never_travels_in_the_clear(app: Flask) -> None:
    assert "Secure" in (set_cookie(app.test_client().get("/", base_url="https://localhost")) or "")


@pytest.mark.parametrize("path", ["/s/nothing", "/healthz", "/static/stream.js", "/api/docs", "/nothing"])
def test_other_places_set_none(app: Flask, path: str) -> None:
    assert set_cookie(app.test_client().get(path)) is None


def test_an_old_one_is_signed_anew_and_stays_the_same_person(api: Api, monkeypatch) -> None:
    client = api.app.test_client()
    client.set_cookie(COOKIE, api.house.signer.sign(api.ada))
    monkeypatch.setattr(api.house, "now", lambda now=api.house.now: now() + REFRESH + 10)
    renewed = (set_cookie(client.get("/")) or "").removeprefix(f"{COOKIE}=").partition(";")[0]
    assert api.house.signer.read(renewed) == api.ada


def test_a_closed_server_lets_no_new_people_in(tmp_path: Path) -> None:
    with opened_app(tmp_path, auth="required") as app:
        api = Api(app)
        page = app.test_client().get("/")
        assert (page.status_code, set_cookie(page)) == (303, None)
        assert page.headers["Location"] == "/login?next=/"
        assert api.refused("POST", "/session", {}, who="") == (403, "sign_in_required")
        assert api.refused("POST", "/conversations", {}) == (401, "sign_in_required")  # older than the rule


def test_the_name_travels_in_the_token(api: Api) -> None:
    person = Person("0123", "名前 with spaces & ümlauts")
    assert api.house.signer.read(api.house.signer.sign(person)) == person


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\ud800", "é.é.é", "x" * 100_000])
def test_what_was_never_signed_is_nobodys(api: Api, token: str) -> None:
    assert api.house.signer.read(token) is None
    assert api.house.signer.age(token, 0) is None
