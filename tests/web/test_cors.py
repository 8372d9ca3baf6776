"""Other origins: those that are listed may read, with bearer tokens, and nobody ever with cookies."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.web.calls import Api, opened_app

LISTED, OTHER = "https://app.example", "https://evil.example"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with opened_app(tmp_path_factory.mktemp("cors"), cors_origins=(LISTED,)) as app:
        yield app


@pytest.fixture(scope="module")
def anybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with opened_app(tmp_path_factory.mktemp("cors"), cors_origins=("*",)) as app:
        yield app


def cors_headers(answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("Access-Control-")}


def test_a_preflight_of_a_listed_origin(listing: Flask) -> None:
    answer = listing.test_client().options("/api/streams/x", headers={"Origin": LISTED, **ASKS})
    allowed = cors_headers(answer)
    assert (answer.status_code, answer.data) == (204, b"")
    assert allowed["Access-Control-Allow-Origin"] == LISTED
    headers = allowed["Access-Control-Allow-Headers"].split(", ")
    assert set(headers) == {"authorization", "content-type", "last-event-id", "if-none-match"}
    assert {"GET", "POST", "PATCH", "DELETE"} <= set(allowed["Access-Control-Allow-Methods"].split(", "))
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/api/conversations", "/api/nothing", "/api/session"])
def test_a_preflight_of_another_origin_is_answered_without_a_word(listing: Flask, path: str) -> None:
    answer = listing.test_client().options(path, headers={"Origin": OTHER, **ASKS})
    assert (answer.status_code, cors_headers(answer)) == (204, {})
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "status"), [("/conversations", 200), ("/conversations/nothing", 404), ("/nothing", 404)]
)
def test_a_listed_origin_may_read_answers_and_errors(listing: Flask, path: str, status: int) -> None:
    answer = Api(listing).call("GET", path, headers={"Origin": LISTED})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert set(exposed) == {"Stream-Offset", "Stream-Epoch", "ETag", "Retry-After"}


@pytest.mark.parametrize(
    "origin", [OTHER, "null", f"{LISTED}.evil.example", "http://app.example", f"{LISTED}:444"]
)
def test_no_other_origin_may(listing: Flask, origin: str) -> None:
    assert cors_headers(Api(listing).call("GET", "/conversations", headers={"Origin": origin})) == {}


def test_any_origin_may_where_that_was_set(anybody: Flask) -> None:
    answer = Api(anybody).call("GET", "/conversations", headers={"Origin": OTHER})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_cookies_are_never_allowed_and_caches_always_told(listing: Flask, anybody: Flask, app: Flask) -> None:
    for one in (listing, anybody, app):
        for path in ("/api/conversations", "/api/nothing", "/api/openapi.json", "/api/session"):
            for headers in ({}, {"Origin": LISTED}, {"Origin": OTHER}):
                answer = one.test_client().get(path, headers=headers)
                assert "Access-Control-Allow-Credentials" not in answer.headers
                assert "Origin" in answer.headers["Vary"]


def test_pages_are_nobody_elses(anybody: Flask) -> None:
    assert cors_headers(anybody.test_client().get("/", headers={"Origin": OTHER})) == {}
