"""Conversations over HTTP: made, listed, changed, deleted, shared; what is not yours is not there."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.web.calls import Api, opened_app

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ROUTES = [
    ("GET", "", None), ("PATCH", "", {"title": "Mine"}), ("DELETE", "", None), ("POST", "/share", None),
    ("DELETE", "/share", None), ("GET", "/messages", None), ("POST", "/messages", {"text": "Hello"}),
    ("POST", "/messages/nobody/regenerate", None),
]  # fmt: skip


def test_a_new_one_has_the_shape_of_the_wire(api: Api) -> None:
    asked = {"title": "Rivers", "system": "Be brief.", "model": "m-1"}
    answer = api.call("POST", "/conversations", asked)
    made = answer.get_json()
    assert answer.status_code == 201
    given = {key: made[key] for key in ("id", "created_at", "updated_at")}
    assert made == asked | given | {"temperature": None, "library": True, "pinned": False}
    assert TIME.fullmatch(made["created_at"])
    assert made["created_at"] == made["updated_at"]
    assert api.get(f"/conversations/{made['id']}") == made


def test_whether_an_owners_library_is_drawn_on_is_the_conversations_to_say(api: Api) -> None:
    without = api.begin(library=False)
    assert api.get(without)["library"] is False
    assert api.call("PATCH", without, {"title": "Rivers"}).get_json()["library"] is False
    assert api.call("PATCH", without, {"library": True}).get_json()["library"] is True
    assert api.get(without)["library"] is True
    for wrong in (None, 1, "yes"):
        assert api.refused("PATCH", without, {"library": wrong}) == (422, "invalid")
        assert api.refused("POST", "/conversations", {"library": wrong}) == (422, "invalid")


@pytest.mark.parametrize("body", [None, {}, {"title": None, "system": None, "model": None}])
def test_everything_about_a_new_one_may_be_left_out(api: Api, body: Any) -> None:
    answer = api.call("POST", "/conversations", body)
    assert answer.status_code == 201
    assert [answer.get_json()[key] for key in ("title", "system", "model")] == [None] * 3


@pytest.mark.parametrize(
    "body",
    [[], "x", {"titel": "x"}, {"title": 1}, {"title": "x" * 201}, {"title": "\x00"}, {"title": " "},
     {"title": ""}, {"title": "\u202e\u3164"}, {"system": ["x"]},
     {"model": ""}, {"title": "a", "owner_id": "ben"}],
)  # fmt: skip
def test_what_does_not_fit_is_said_and_changes_nothing(api: Api, body: Any) -> None:
    made = api.begin(title="Kept")
    assert api.refused("POST", "/conversations", body)[0] == 422
    assert api.refused("PATCH", made, body)[0] == 422
    assert [item["title"] for item in api.get("/conversations")["items"]] == ["Kept"]


def test_a_title_is_one_line_of_what_is_seen(api: Api) -> None:
    made = api.begin(title=" Ri\u202evers\n and lakes")
    assert api.get(made)["title"] == "Rivers and lakes"
    assert api.call("PATCH", made, {"title": "\u2066Springs\u2069 "}).get_json()["title"] == "Springs"


def test_a_lone_surrogate_is_refused(api: Api) -> None:
    raw = {"data": rb'{"title": "\ud800"}', "content_type": "application/json"}
    assert api.refused("POST", "/conversations", **raw)[0] == 422


def test_a_system_prompt_may_be_long_but_not_endless(api: Api) -> None:
    assert api.call("POST", "/conversations", {"system": "é" * 32_768}).status_code == 201
    assert api.refused("POST", "/conversations", {"system": "é" * 32_769}) == (413, "too_large")


def test_only_the_models_of_this_server_are_taken(tmp_path: Path) -> None:
    with opened_app(tmp_path, models=("small", "large")) as app:
        api = Api(app)
        made = api.begin(model="large")
        assert api.refused("POST", "/conversations", {"model": "huge"})[0] == 422
        assert api.refused("PATCH", made, {"model": "huge"})[0] == 422
        assert api.refused("POST", f"{made}/messages", {"text": "Hi", "model": "huge"})[0] == 422


# ── lists ────────────────────────────────────────────────────────────────────────────────────


def test_pages_join_to_ones_own_list_newest_first(api: Api) -> None:
    made = [api.begin().rpartition("/")[2] for _ in range(5)]
    api.begin(api.ben)
    items, after = [], None
    while True:
        page = api.get("/conversations", query_string={"limit": "2", **({"after": after} if after else {})})
        items += page["items"]
        after = page["next"]
        if after is None:
            break
    assert [item["id"] for item in items] == made[::-1]


def test_a_new_message_brings_its_conversation_to_the_top(api: Api) -> None:
    first, second = api.begin(), api.begin()
    api.ask(first)
    items = api.get("/conversations")["items"]
    assert [item["id"] for item in items] == [path.rpartition("/")[2] for path in (first, second)]


def test_nobody_has_an_empty_list(api: Api) -> None:
    assert api.get("/conversations", who=api.ben) == {"items": [], "next": None}
    assert api.refused("GET", "/conversations", who="") == (401, "unauthorized")


@pytest.mark.parametrize(
    "query",
    ["limit=", "limit=0", "limit=201", "limit=-1", "limit=two", "limit=1.0", "limit=%D9%A3",
     "limit=" + "9" * 40, "after=", "after=x", "after=W10", "after=" + "A" * 3000, "after=%00",
     "after=WzEuMCwxZTQwMF0"],
)  # fmt: skip
def test_a_bad_limit_or_place_is_refused(api: Api, query: str) -> None:
    made = api.begin()
    for path in ("/conversations", f"{made}/messages"):
        assert api.refused("GET", f"{path}?{query}") == (422, "bad_page")


# ── changes ──────────────────────────────────────────────────────────────────────────────────


def test_a_change_touches_only_what_was_sent(api: Api) -> None:
    made = api.begin(title="Rivers", system="Be brief.")
    before = api.get(made)
    changed = api.call("PATCH", made, {"title": None, "model": "m-2"})
    assert changed.status_code == 200
    assert changed.json == before | {"title": None, "model": "m-2"} == api.get(made)


def test_an_empty_change_is_harmless(api: Api) -> None:
    made = api.begin(title="Rivers")
    assert api.call("PATCH", made, {}).json == api.get(made)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"", JSON, 400), (b"{", JSON, 400), (b"[" * 100_000, JSON, 400), (b'{"title": NaN}', JSON, 400),
     (b"\xff", JSON, 400), (b"{}", "text/plain", 415), (b"title=x", FORM, 415)],
)  # fmt: skip
def test_a_body_that_is_no_json_is_refused(api: Api, body: bytes, kind: str, status: int) -> None:
    made = api.begin()
    assert api.refused("PATCH", made, data=body, content_type=kind)[0] == status


# ── deletion ─────────────────────────────────────────────────────────────────────────────────


def test_a_deleted_one_is_gone_with_its_messages_and_streams(api: Api) -> None:
    made = api.begin()
    asked = api.answered(made)
    live = api.ask(made, "And then?")
    assert api.call("DELETE", made).status_code == 204
    for path in (made, f"{made}/messages", f"/streams/{asked['reply']['stream_id']}",
                 f"/streams/{live['reply']['stream_id']}"):  # fmt: skip
        assert api.refused("GET", path) == (404, "not_found")
    assert api.refused("DELETE", made) == (404, "not_found")
    assert api.get("/conversations")["items"] == []


# ── strangers ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("method", "route", "body"), ROUTES)
def test_the_foreign_and_the_unknown_are_told_the_same(api: Api, method: str, route: str, body: Any) -> None:
    made = api.begin()
    foreign = api.call(method, made + route, body, who=api.ben)
    unknown = api.call(method, f"/conversations/nobody{route}", body, who=api.ben)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.data == unknown.data
    assert api.get(made)["title"] is None


@pytest.mark.parametrize(("method", "route", "body"), ROUTES)
def test_nobody_is_asked_who_they_are(api: Api, method: str, route: str, body: Any) -> None:
    made = api.begin()
    assert api.refused(method, made + route, body, who="") == (401, "unauthorized")
    assert api.refused(method, made + route, body, who="not-a-token") == (401, "unauthorized")


# ── the link ─────────────────────────────────────────────────────────────────────────────────


def shared(api: Api, conversation: str) -> str:
    answer = api.call("POST", f"{conversation}/share")
    assert answer.status_code == 201
    found = answer.get_json()
    assert found["url"] == f"http://localhost/s/{found['token']}"
    return str(found["token"])


def test_a_link_reads_and_does_nothing_else(api: Api) -> None:
    made, other = api.begin(title="Shared"), api.begin()
    api.answered(made)
    token = shared(api, made)
    assert api.get(made, who=token) == api.get(made)
    assert api.get(f"{made}/messages", who=token) == api.get(f"{made}/messages")
    for method, route, body in ROUTES:
        if method != "GET":
            assert api.refused(method, made + route, body, who=token) == (403, "read_only")
        assert api.refused(method, other + route, body, who=token) == (404, "not_found")
    assert api.refused("POST", "/conversations", {}, who=token) == (403, "read_only")
    assert api.get(made)["title"] == "Shared"


def test_a_new_link_ends_the_old_one(api: Api) -> None:
    made = api.begin()
    old, new = shared(api, made), shared(api, made)
    assert api.refused("GET", made, who=old) == (401, "unauthorized")
    assert api.get(made, who=new)


def test_a_link_can_be_taken_back(api: Api) -> None:
    made = api.begin()
    token = shared(api, made)
    assert api.call("DELETE", f"{made}/share").status_code == 204
    assert api.refused("GET", made, who=token) == (401, "unauthorized")
    assert api.refused("DELETE", f"{made}/share") == (404, "not_found")
    assert api.call("DELETE", made).status_code == 204
