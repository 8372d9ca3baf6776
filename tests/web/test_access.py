"""Who is who, and who may what: bearer, cookie, link; found through access or not at all."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.store.people import Person
from chat.web import access
from chat.web.caller import COOKIE
from tests.web.calls import Api

SAME = {"Sec-Fetch-Site": "same-origin"}
BODY = {"json": {"title": "Rivers"}}


@pytest.fixture
def browser(api: Api) -> FlaskClient:
    """Ada's browser: it has her cookie and no token."""
    client = api.app.test_client()
    client.set_cookie(COOKIE, api.house.signer.sign(api.ada))
    return client


def code_of(answer) -> str:
    return str(answer.get_json()["error"]["code"])


# ── who ──────────────────────────────────────────────────────────────────────────────────────


def test_the_cookie_names_its_person(api: Api, browser: FlaskClient) -> None:
    api.begin(title="Mine")
    items = browser.get("/api/conversations").get_json()["items"]
    assert [item["title"] for item in items] == ["Mine"]


def test_a_bearer_beats_the_cookie(api: Api, browser: FlaskClient) -> None:
    api.begin(title="Ada's")
    headers = {"Authorization": f"bearer {api.house.signer.sign(api.ben)}"}
    assert browser.get("/api/conversations", headers=headers).get_json()["items"] == []


@pytest.mark.parametrize(
    "credentials", ["Bearer", "Bearer ", "Bearer guess", "bearer a.b.c", "Bearer \xe9\xfe"]
)
def test_a_bad_bearer_is_refused_and_never_falls_back_to_the_cookie(
    browser: FlaskClient, credentials: str
) -> None:
    answer = browser.get("/api/conversations", headers={"Authorization": credentials})
    assert (answer.status_code, code_of(answer)) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_what_a_proxy_wants_for_itself_is_not_ours(browser: FlaskClient) -> None:
    basic = {"Authorization": "Basic YWRhOmFkYQ=="}
    assert browser.get("/api/conversations", headers=basic).status_code == 200


@pytest.mark.parametrize("name", ["token", "access_token", "authorization", COOKIE])
def test_a_token_in_the_query_is_not_read(api: Api, name: str) -> None:
    query = {name: api.house.signer.sign(api.ada)}
    answer = api.app.test_client().get("/api/conversations", query_string=query)
    assert answer.status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("path", ["/api/conversations", "/api/nothing", "/api/streams/x/events"])
def test_nobody_is_told_nothing_but_that(app: Flask, method: str, path: str) -> None:
    for headers in ({}, {"Upgrade": "websocket"}):
        assert app.test_client().open(path, method=method, headers=headers).status_code == 401


@pytest.mark.parametrize("cookie", ["", "guess", "WyJhZGEiLCJBZGEiXQ.aaaaaa.bbbb"])
def test_a_forged_cookie_is_nobody(app: Flask, cookie: str) -> None:
    client = app.test_client()
    client.set_cookie(COOKIE, cookie)
    assert client.get("/api/conversations").status_code == 401


def test_another_servers_token_is_nobodys(api: Api) -> None:
    from chat.web.signer import Signer

    assert api.refused("GET", "/conversations", who=Signer("another").sign(api.ada))[0] == 401


# ── from where ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers",
    [
        SAME,
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:80"},
        {"Origin": "https://localhost"},  # TLS ends at a proxy that nobody told us of
        {"Origin": "http://Chat.example:8000", "Host": "chat.example:8000"},
        {"Origin": "http://[::1]:8000", "Host": "[::1]:8000"},
    ],
)
def test_our_own_pages_may_act(api: Api, headers: dict[str, str]) -> None:
    client = api.app.test_client(use_cookies=False)  # which would keep it for localhost alone
    cookie = {"Cookie": f"{COOKIE}={api.house.signer.sign(api.ada)}"}
    assert client.post("/api/conversations", headers=headers | cookie, **BODY).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:8001"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "localhost"},
        {"Origin": "file://localhost"},
        {"Origin": "http://[::1"},
        {"Origin": "http://localhost:port"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "http://localhost/"},
        {"X-Forwarded-Host": "evil.example", "Origin": "http://evil.example"},  # no proxy is trusted
    ],
)
def test_other_pages_may_not(browser: FlaskClient, headers: dict[str, str]) -> None:
    answer = browser.post("/api/conversations", headers=headers, **BODY)
    assert (answer.status_code, code_of(answer)) == (403, "cross_origin")


def test_a_bearer_may_act_from_anywhere(api: Api) -> None:
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert api.call("POST", "/conversations", {}, headers=evil).status_code == 201


def test_reading_by_cookie_needs_no_origin(browser: FlaskClient) -> None:
    assert browser.get("/api/conversations", headers={"Sec-Fetch-Site": "none"}).status_code == 200


@pytest.mark.parametrize("with_cookie", [True, False])
def test_another_sites_form_neither_acts_nor_makes_anybody(
    api: Api, browser: FlaskClient, with_cookie: bool
) -> None:
    client = browser if with_cookie else api.app.test_client()
    answer = client.post("/c", data={"text": "Spend"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert answer.mimetype == "text/html"


# ── what ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shared(api: Api) -> tuple[str, str, str]:
    """A conversation of Ada's, its stream, and the token of its link."""
    mine = api.begin()
    stream = f"/streams/{api.answered(mine)['reply']['stream_id']}"
    token = api.call("POST", f"{mine}/share").get_json()["token"]
    return mine, stream, token


def test_a_link_opens_one_conversation_to_read(api: Api, shared: tuple[str, str, str]) -> None:
    mine, stream, token = shared
    assert api.get(mine, who=token)["id"] in mine
    assert api.get(stream, who=token)["text"] == "A log."
    assert len(api.get(f"{mine}/messages", who=token)["items"]) == 2


def test_a_link_opens_nothing_else(api: Api, shared: tuple[str, str, str]) -> None:
    _, _, token = shared
    other = api.begin()
    alone = api.call("POST", "/streams", {"prompt": "Hello"}).get_json()["stream_id"]
    assert api.refused("GET", other, who=token) == (404, "not_found")
    assert api.refused("GET", f"/streams/{alone}", who=token) == (404, "not_found")
    assert api.refused("GET", "/conversations", who=token) == (403, "read_only")


@pytest.mark.parametrize(
    ("method", "of", "path", "body"),
    [
        ("POST", 0, "/messages", {"text": "x"}), ("PATCH", 0, "", {"title": "x"}), ("DELETE", 0, "", None),
        ("POST", 0, "/share", None), ("DELETE", 0, "/share", None), ("POST", 1, "", None),
        ("POST", 1, "/stop", None), ("DELETE", 1, "", None),
    ],
)  # fmt: skip
def test_a_link_changes_nothing(api: Api, shared, method: str, of: int, path: str, body) -> None:
    assert api.refused(method, shared[of] + path, body, who=shared[2]) == (403, "read_only")


@pytest.mark.parametrize(("method", "path"), [("POST", "/conversations"), ("POST", "/streams")])
def test_a_link_begins_nothing(api: Api, shared: tuple[str, str, str], method: str, path: str) -> None:
    assert api.refused(method, path, {"prompt": "x"}, who=shared[2])[0] == 403


def test_a_link_that_is_taken_back_is_a_bad_bearer(api: Api, shared: tuple[str, str, str]) -> None:
    mine, _, token = shared
    api.call("DELETE", f"{mine}/share")
    assert api.refused("GET", mine, who=token)[0] == 401


def test_a_stream_alone_is_its_makers(api: Api) -> None:
    alone = f"/streams/{api.call('POST', '/streams', {'prompt': 'Hello'}).get_json()['stream_id']}"
    assert api.get(alone)["status"] == "pending"
    foreign = api.call("GET", alone, who=api.ben)
    unknown = api.call("GET", "/streams/nothing", who=api.ben)
    assert (foreign.status_code, foreign.data) == (unknown.status_code, unknown.data)


# ── still? ───────────────────────────────────────────────────────────────────────────────────


def test_open_lines_can_ask_again_without_a_request(api: Api, shared: tuple[str, str, str]) -> None:
    mine, stream, token = shared
    ids = mine.rpartition("/")[2], stream.rpartition("/")[2]
    checks = {}
    for who, may in ((token, ["read"]), (api.house.signer.sign(api.ada), ["read", "ask"])):
        with api.app.test_request_context(headers={"Authorization": f"Bearer {who}"}):
            for need in may:
                checks[who, need, 0] = access.conversation_permit(ids[0], need).allowed
                checks[who, need, 1] = access.stream_with_permit(ids[1], need)[1].allowed
    assert all(still() for still in checks.values())
    api.call("DELETE", f"{mine}/share")
    assert {key for key, still in checks.items() if not still()} == {(token, "read", 0), (token, "read", 1)}
    api.call("DELETE", mine)
    assert not any(still() for still in checks.values())


def test_a_reader_who_may_not_ask_is_refused_when_asked_again(api: Api, shared) -> None:
    mine, _, token = shared
    with api.app.test_request_context(headers={"Authorization": f"Bearer {token}"}):
        assert not access.conversation_permit(mine.rpartition("/")[2], "ask").allowed()


def test_a_socket_may_be_named_by_its_first_frame(api: Api) -> None:
    mine = api.begin().rpartition("/")[2]
    upgrade = {"Upgrade": "websocket", "Origin": "https://app.example"}
    cookie = {"Cookie": f"{COOKIE}={api.house.signer.sign(api.ada)}"}
    address = f"/api/conversations/{mine}/socket"
    with api.app.test_request_context(address, headers=upgrade | cookie):
        assert not access.is_named()  # a cookie counts from our own pages only
        access.name_by_token(api.house.signer.sign(api.ada))
        assert access.current_person() == Person(api.ada.id, api.ada.name)
        assert access.conversation_or_404(mine, need="ask").id == mine
    with api.app.test_request_context(address, headers=upgrade | cookie | SAME):
        assert access.is_named()
