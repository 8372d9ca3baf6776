"""Signing in: a new person each time, from nothing but a name or less, so many a minute."""

from pathlib import Path

import pytest

from tests.web.calls import Api, opened_app


def sign_in(api: Api, body=None, **more):
    return api.call("POST", "/session", body, **{"who": "", **more})


@pytest.mark.parametrize("body", [None, {}, {"name": None}])
def test_nothing_needs_to_be_said(api: Api, body) -> None:
    answer = sign_in(api, body)
    assert answer.status_code == 201
    assert answer.get_json()["person"]["name"]


def test_the_token_opens_the_api(api: Api) -> None:
    made = sign_in(api, {"name": "Grace"}).get_json()
    assert made["person"]["name"] == "Grace"
    assert api.get("/conversations", who=made["token"]) == {"items": [], "next": None}


@pytest.mark.parametrize("who", ["", "a bad token", "Ada"])
def test_it_is_always_somebody_new(api: Api, who: str) -> None:
    first, second = (sign_in(api, {"name": "Ada"}, who=who).get_json() for _ in range(2))
    assert len({first["person"]["id"], second["person"]["id"], api.ada.id}) == 3
    assert first["token"] != second["token"]


@pytest.mark.parametrize("name", ["", "  ", "\x00", "x" * 81, 7, ["Ada"], True])
def test_what_is_no_name_is_refused(api: Api, name) -> None:
    assert api.refused("POST", "/session", {"name": name}, who="")[0] == 422


def test_one_address_may_so_many_a_minute(tmp_path: Path) -> None:
    with opened_app(tmp_path, session_rate=3) as app:
        api = Api(app)
        assert [sign_in(api).status_code for _ in range(5)] == [201, 201, 201, 429, 429]
        refused = sign_in(api)
        assert refused.get_json()["error"]["code"] == "rate_limited"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
        assert sign_in(api, **elsewhere).status_code == 201
        forged = {"headers": {"X-Forwarded-For": "192.0.2.8"}}
        assert sign_in(api, **forged).status_code == 429


def test_behind_a_trusted_proxy_the_address_is_the_clients(tmp_path: Path) -> None:
    with opened_app(tmp_path, session_rate=1, trusted_proxies=1) as app:
        api = Api(app)
        clients = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "forged, 192.0.2.2"]
        answers = [sign_in(api, headers={"X-Forwarded-For": client}).status_code for client in clients]
        assert answers == [201, 201, 429, 429]


def test_no_limit_is_a_limit_too(tmp_path: Path) -> None:
    with opened_app(tmp_path, session_rate=0) as app:
        assert {sign_in(Api(app)).status_code for _ in range(70)} == {201}
