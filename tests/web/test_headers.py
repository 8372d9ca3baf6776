"""What every answer says to browsers: nothing inline, nothing from elsewhere, no frames but the demo's."""

import re
from html.parser import HTMLParser

import pytest
from flask import Flask

from tests.web.calls import Api

PLACES = ["/", "/demo", "/nothing", "/healthz", "/api/docs", "/api/openapi.json", "/api/conversations",
          "/static/stream.js"]  # fmt: skip


def policy_of(answer) -> dict[str, str]:
    directives = (one.strip().partition(" ") for one in answer.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in directives}


@pytest.mark.parametrize("path", PLACES)
def test_everywhere_the_same_rules_hold(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    policy = policy_of(answer)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"unsafe|\*|https?:|data:", answer.headers["Content-Security-Policy"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_only_the_demo_and_its_pages_may_be_framed_and_by_us_alone(api: Api) -> None:
    client = api.app.test_client()
    demo = client.get("/demo")
    assert policy_of(demo)["frame-ancestors"] == policy_of(demo)["frame-src"] == "'self'"
    for frame in re.findall(r'<iframe src="([^"]+)"', demo.text):
        page = client.get(frame.replace("&amp;", "&"))
        assert (page.status_code, policy_of(page)["frame-ancestors"]) == (200, "'self'")
    assert policy_of(client.get("/"))["frame-ancestors"] == "'none'"


class Inline(HTMLParser):
    """Notes whatever the policy would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.found.append(tag)
        self.found += [name for name in given if name == "style" or name.startswith("on")]
        self.found += [value for name, value in attrs if value and value.lower().startswith("javascript:")]


@pytest.mark.parametrize("path", ["/", "/demo", "/nothing", "/api/docs"])
def test_no_page_needs_what_the_policy_stops(app: Flask, path: str) -> None:
    inline = Inline()
    inline.feed(app.test_client().get(path).text)
    assert inline.found == []


def test_https_stays_https(app: Flask) -> None:
    client = app.test_client()
    assert "Strict-Transport-Security" in client.get("/healthz", base_url="https://localhost").headers
    assert "Strict-Transport-Security" not in client.get("/healthz").headers


def test_answers_are_not_kept_but_files_may_be(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").headers["Cache-Control"] == "no-store"
    assert client.get("/static/stream.js").headers["ETag"]
    assert "no-store" not in client.get("/static/stream.js").headers["Cache-Control"]


def test_other_peoples_pages_may_import_the_module(app: Flask) -> None:
    assert app.test_client().get("/static/stream.js").headers["Access-Control-Allow-Origin"] == "*"


def test_whoever_asks_for_headers_alone_is_not_kept(api: Api) -> None:
    answer = api.call("HEAD", f"{api.begin()}/events")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/event-stream", b"")
    assert not answer.is_streamed
