"""What an ill-willed client sends to every route at once: odd ids, odd queries, odd forms, other addresses.

Never an error of the server, never a header or an address of the sender's choice.
"""

import re
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chat.web.caller import COOKIE
from tests.web.calls import Api

OURS = {"Sec-Fetch-Site": "same-origin"}
ODD_IDS = (
    "%00",
    "a%00b",
    "%FF%FE",
    "%ED%A0%80",
    "a" * 5000,
    "%2E%2E%2F%2E%2E%2Fetc",
    "🙂",
    "a'b\"<c>",
    "%0d%0aX: y",
    "-1",
)
ODD_VALUES = (
    "%00",
    "%ED%A0%80",
    "%F0%9F",
    "9" * 400,
    "-1",
    "1e999",
    "٣",
    "'%22<b>",
    "%0d%0aX-Evil: 1",
    "%5B%5D",
    "",
)
FIELDS = (
    "after", "before", "all", "branch", "limit", "q", "offset", "epoch", "pace", "resume", "format", "next",
    "deleted", "done", "day", "page", "editing", "month", "model", "person",
)  # fmt: skip
FORM = (
    "text", "client_id", "parent_id", "branch", "message_id", "stream_id", "title", "name", "role",
    "expires_in", "next", "login", "password", "current", "token_name", "model", "system", "temperature",
    "editing", "daily_tokens", "daily_cost", "live_answers", "input", "output", "share_token", "invite_token",
)  # fmt: skip
ELSEWHERE = (
    "//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "/%5Cevil.example",
    "/\t/evil.example", "javascript:alert(1)", "https:evil.example",
    "/..//evil.example", " //evil.example", "///evil.example",
)  # fmt: skip


def rules(app: Flask, method: str) -> list[str]:
    """Give the addresses that take this method, each once; sockets are asked elsewhere."""
    found = {rule.rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())}
    return sorted(rule for rule in found if not rule.startswith("/static") and not rule.endswith("/socket"))


def place(rule: str, value: str) -> str:
    return re.sub(r"<[^>]+>", value, rule)


def as_ada(api: Api, method: str, path: str, **more: object) -> TestResponse:
    """Ask as Ada's browser does."""
    client = api.app.test_client()
    client.set_cookie(COOKIE, api.house.signer.sign(api.ada))
    answer = client.open(path, method=method, buffered=False, headers=OURS, **more)
    answer.close()
    return answer


def real_ids(api: Api) -> dict[str, str]:
    path = api.begin(title="Rivers")
    asked = api.answered(path)
    return {
        "conversation_id": path.rpartition("/")[2],
        "message_id": asked["reply"]["id"],
        "stream_id": asked["reply"]["stream_id"],
        "token": api.call("POST", f"{path}/share").get_json()["token"],
    }


def filled(rule: str, ids: dict[str, str]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids.get(found[1], "x"), rule)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "HEAD"])
def test_no_id_breaks_anything(api: Api, method: str) -> None:
    for rule in rules(api.app, method):
        for value in ODD_IDS if "<" in rule else ():
            answer = as_ada(api, method, place(rule, value))
            assert answer.status_code < 500, (method, rule, value)
            assert "Evil" not in str(answer.headers), (method, rule, value)


def test_no_query_breaks_anything(api: Api) -> None:
    ids = real_ids(api)
    for turn, rule in enumerate(rules(api.app, "GET")):
        for at, name in enumerate(FIELDS):
            value = ODD_VALUES[(turn + at) % len(ODD_VALUES)]  # all of them, over the routes
            answer = as_ada(api, "GET", f"{filled(rule, ids)}?{name}={value}")
            assert answer.status_code < 500, (rule, name, value)
            assert "X-Evil" not in answer.headers, (rule, name, value)


def test_no_form_breaks_anything(api: Api) -> None:
    for rule in rules(api.app, "POST"):
        ids = real_ids(api)
        for value in ODD_VALUES[:6]:
            form = "&".join(f"{name}={value}" for name in FORM)
            sent = {"data": form, "content_type": "application/x-www-form-urlencoded"}
            answer = as_ada(api, "POST", filled(rule, ids), **sent)
            assert answer.status_code < 500, (rule, value)


def test_no_form_is_larger_than_a_body_may_be(api: Api) -> None:
    ids, large = real_ids(api), "text=" + "a" * (2 << 20)
    for rule in rules(api.app, "POST"):
        sent = {"data": large, "content_type": "application/x-www-form-urlencoded"}
        answer = as_ada(api, "POST", filled(rule, ids), **sent)
        assert answer.status_code < 500, rule


@pytest.mark.parametrize(
    "title",
    [
        'a"; filename="evil.exe',
        "a\r\nX-Evil: 1",
        "../../etc/passwd",
        "漢字🙂",
        "\u202eexe.dm",
        ";",
        "'" * 200,
    ],
)
@pytest.mark.parametrize("kind", ["markdown", "json"])
def test_a_title_cannot_write_headers(api: Api, title: str, kind: str) -> None:
    path = api.begin(title=title)
    answer = api.call("GET", f"{path}/export?format={kind}")
    assert answer.status_code == 200
    told = answer.headers["Content-Disposition"]
    assert told.startswith("attachment")
    assert "X-Evil" not in answer.headers
    name = re.search(r'filename="?([^";]*)', told)
    assert name, told
    assert not re.search(r"[/\\\r\n]", name[1])
    assert re.search(r"\.(md|json)\"?$", told), told


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_no_address_leads_elsewhere(api: Api, elsewhere: str) -> None:
    ids, plain = real_ids(api), elsewhere.replace("\t", "").strip()
    by_htmx = OURS | {"HX-Current-URL": plain, "Referer": plain, "HX-Request": "true"}
    for method, headers in (("GET", OURS), ("POST", OURS), ("POST", by_htmx)):
        for rule in rules(api.app, method):
            client = api.app.test_client()
            client.set_cookie(COOKIE, api.house.signer.sign(api.ada))
            form = {"next": elsewhere, "text": "x"} if method == "POST" else None
            query = {"next": elsewhere}
            answer = client.open(
                filled(rule, ids),
                method=method,
                query_string=query,
                data=form,
                headers=headers,
                buffered=False,
            )
            answer.close()
            for name in ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url"):
                assert is_ours(answer.headers.get(name, "/")), (method, rule, name, answer.headers[name])


def is_ours(address: str) -> bool:
    """Say whether a browser stays on this server there: it reads `\\` as `/`, and passes over tabs."""
    read = re.sub(r"[\t\r\n]", "", address).strip().replace("\\", "/")
    return not urlsplit(read).netloc and not urlsplit(read).scheme and not read.startswith("//")
