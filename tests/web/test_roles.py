"""Every route of the API and of the pages, asked by every kind of person: who may what, in one table.

A new route has to be entered here. People are made for each question anew, for many of them change things.
"""

import re
import secrets
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask

from chat.store.people import Person
from chat.web.caller import COOKIE
from chat.web.openapi_routes import ROUTES
from tests.web.calls import Api

ROLES = ("owner", "co-driver", "viewer", "link", "stranger", "nobody")
C = "/api/conversations"
HERE, STREAM = f"{C}/{{conversation_id}}", "/api/streams/{stream_id}"
D = "/api/documents"
DOCUMENT = f"{D}/{{document_id}}"  # of the conversation, added by its owner

READ = (200, 200, 200, 200, 404, 401)
READ_BY_A_PERSON = (200, 200, 200, 403, 404, 401)  # who has no more than the link sees what is cited alone
OWN_JSON = (200, 403, 403, 403, 404, 401)
OWN_MADE = (201, 403, 403, 403, 404, 401)
OWN_GONE = (204, 403, 403, 403, 404, 401)
ASK_MADE = (201, 201, 403, 403, 404, 401)
OF_A_PERSON = (200, 200, 200, 403, 200, 401)
MADE_BY_A_PERSON = (201, 201, 201, 403, 201, 401)
ACCOUNT_ONLY = (403, 403, 403, 403, 403, 401)  # a browser with an account; test_tokens asks as one
EVERYBODY = (200, 200, 200, 200, 200, 200)

#                               owner, co-driver, viewer, reader of the link, stranger, nobody
API: dict[tuple[str, str], tuple[int, ...]] = {
    ("POST", "/api/session"): (201, 201, 201, 201, 201, 201),
    ("GET", "/api/openapi.json"): EVERYBODY,
    ("GET", "/api/docs"): EVERYBODY,
    ("GET", "/api/models"): OF_A_PERSON,
    ("GET", "/api/usage"): OF_A_PERSON,
    ("GET", "/api/search"): OF_A_PERSON,
    ("GET", "/api/tokens"): ACCOUNT_ONLY,
    ("POST", "/api/tokens"): ACCOUNT_ONLY,
    ("DELETE", "/api/tokens/{token_id}"): ACCOUNT_ONLY,
    ("POST", "/api/invitations/accept"): OF_A_PERSON,
    ("POST", "/api/streams"): MADE_BY_A_PERSON,
    ("POST", C): MADE_BY_A_PERSON,
    ("GET", C): OF_A_PERSON,
    ("POST", f"{C}/import"): MADE_BY_A_PERSON,
    ("GET", HERE): READ,
    ("PATCH", HERE): OWN_JSON,
    ("DELETE", HERE): OWN_GONE,
    ("GET", f"{HERE}/export"): READ,
    ("GET", f"{HERE}/usage"): READ,
    ("GET", f"{HERE}/events"): READ,
    ("GET", f"{HERE}/messages"): READ,
    ("POST", f"{HERE}/messages"): ASK_MADE,
    ("POST", f"{HERE}/messages/{{message_id}}/regenerate"): ASK_MADE,
    ("POST", f"{HERE}/share"): OWN_MADE,
    ("GET", f"{HERE}/share"): OWN_JSON,
    ("DELETE", f"{HERE}/share"): OWN_GONE,
    ("POST", f"{HERE}/invitations"): OWN_MADE,
    ("GET", f"{HERE}/invitations"): OWN_JSON,
    ("DELETE", f"{HERE}/invitations/{{invitation_id}}"): OWN_GONE,
    ("GET", f"{HERE}/members"): READ_BY_A_PERSON,
    ("PATCH", f"{HERE}/members/{{person_id}}"): OWN_JSON,
    ("DELETE", f"{HERE}/members/{{person_id}}"): OWN_GONE,
    ("POST", f"{HERE}/fork"): (201, 201, 201, 403, 404, 401),
    ("POST", D): MADE_BY_A_PERSON,
    ("GET", D): OF_A_PERSON,
    ("GET", f"{D}/search"): READ_BY_A_PERSON,
    ("GET", DOCUMENT): READ_BY_A_PERSON,
    ("PATCH", DOCUMENT): OWN_JSON,
    ("DELETE", DOCUMENT): OWN_GONE,
    ("GET", f"{DOCUMENT}/original"): READ_BY_A_PERSON,
    ("GET", f"{DOCUMENT}/passages"): READ_BY_A_PERSON,
    ("POST", STREAM): (200, 200, 403, 403, 404, 401),
    ("GET", STREAM): READ,
    ("GET", f"{STREAM}/events"): READ,
    ("POST", f"{STREAM}/stop"): (202, 202, 403, 403, 404, 401),
    ("DELETE", STREAM): (204, 204, 403, 403, 404, 401),
}
CODES = {403: {"read_only", "account_required"}, 404: {"not_found"}, 401: {"unauthorized"}}
OF_SOMEBODY = re.compile("{(conversation|document|stream)_id}")
ELSEWHERE = {("GET", f"{HERE}/socket")}  # tests/server_promises: test_strangers, test_socket

BODIES: dict[tuple[str, str], Any] = {
    ("POST", f"{HERE}/messages"): {"text": "May I?"},
    ("POST", "/api/streams"): {"prompt": "May I?"},
    ("POST", "/api/tokens"): {"name": "May I?"},
    ("PATCH", HERE): {"title": "Mine now"},
    ("PATCH", DOCUMENT): {"name": "Mine now.txt"},
    ("PATCH", f"{HERE}/members/{{person_id}}"): {"role": "viewer"},
    ("POST", f"{HERE}/invitations"): {"role": "viewer"},
    ("POST", f"{C}/import"): {
        "format": "headwater.conversation", "version": 1, "created_at": "2026-01-01T00:00:00Z",
        "messages": [],
    },
}  # fmt: skip
QUERIES = {
    ("GET", "/api/search"): {"q": "stream"},
    ("POST", D): {"name": "Rivers.txt"},
    ("GET", f"{D}/search"): {"q": "Where do they begin?", "conversation_id": "{conversation_id}"},
}
FILES = {("POST", D): b"Rivers begin at a spring."}


@dataclass
class World:
    """A conversation with a question and its answer, and everybody who has to do with it."""

    api: Api
    ids: dict[str, str]
    who: dict[str, Person | str]
    invitation: str

    @classmethod
    def made(cls, api: Api) -> "World":
        owner = Person(secrets.token_hex(8), "Olga")
        path = api.begin(who=owner, title="Rivers")
        question = api.call("POST", f"{path}/messages", {"text": "What is a stream?"}, who=owner).get_json()
        api.answer(question)
        who: dict[str, Person | str] = {"owner": owner, "nobody": ""}
        who["stranger"] = Person(secrets.token_hex(8), "Sam")
        who["link"] = api.call("POST", f"{path}/share", who=owner).get_json()["token"]
        third = Person(secrets.token_hex(8), "Tom")
        for name, role in (("viewer", "viewer"), ("co-driver", "co-driver"), ("third", "viewer")):
            person = third if name == "third" else Person(secrets.token_hex(8), name)
            who[name] = person
            made = api.call("POST", f"{path}/invitations", {"role": role}, who=owner).get_json()
            accepted = api.call("POST", "/invitations/accept", {"token": made["token"]}, who=person)
            assert accepted.status_code == 200
        open_one = api.call("POST", f"{path}/invitations", {"role": "viewer"}, who=owner).get_json()
        file = {"name": "Springs.txt", "conversation_id": path.rpartition("/")[2]}
        added = api.call("POST", "/documents", data=b"They begin.", query_string=file, who=owner)
        ids = {
            "conversation_id": path.rpartition("/")[2],
            "document_id": added.get_json()["id"],
            "message_id": question["reply"]["id"],
            "stream_id": question["reply"]["stream_id"],
            "invitation_id": open_one["id"],
            "person_id": third.id,
            "token_id": "x",
            "number": "1",
        }
        return cls(api, ids, who, open_one["token"])

    def ask(self, method: str, path: str, role: str) -> tuple[int, str]:
        """Make the request as `role`; gives the status, and what a refusal says."""
        body = BODIES.get((method, path))
        if path == "/api/invitations/accept":
            body = {"token": self.invitation}
        place = path.format(**self.ids).removeprefix("/api")
        query = {name: value.format(**self.ids) for name, value in QUERIES.get((method, path), {}).items()}
        file = FILES.get((method, path))
        more: Any = {"query_string": query, "buffered": False} | ({"data": file} if file else {})
        answer = self.api.call(method, place, body, who=self.who[role], **more)
        refused = answer.get_json()["error"]["code"] if answer.status_code >= 400 else ""
        answer.close()
        return answer.status_code, refused


@pytest.fixture(scope="module")
def unchanged(app: Flask) -> World:
    """A world for those who only look, and for those whom everything is refused."""
    return World.made(Api(app))


@pytest.mark.parametrize(("method", "path"), API, ids=str)
def test_who_may_what(api: Api, unchanged: World, method: str, path: str) -> None:
    expected, found = dict(zip(ROLES, API[method, path], strict=True)), {}
    for role in ROLES:
        harmless = method == "GET" or expected[role] >= 400
        found[role] = (unchanged if harmless else World.made(api)).ask(method, path, role)
    assert {role: status for role, (status, _) in found.items()} == expected
    for status, code in found.values():
        assert code in CODES.get(status, {""}), found


def test_every_route_is_in_the_table() -> None:
    assert {(route.method, route.path) for route in ROUTES} == set(API) | ELSEWHERE


@pytest.mark.parametrize(("method", "path"), [one for one in API if OF_SOMEBODY.search(one[1])], ids=str)
def test_a_stranger_hears_what_they_would_hear_of_nothing(unchanged: World, method: str, path: str) -> None:
    nothing = replace(unchanged, ids={name: secrets.token_hex(12) for name in unchanged.ids})
    said = unchanged.ask(method, path, "stranger")
    assert said == nothing.ask(method, path, "stranger") == (404, "not_found")


# ── pages ────────────────────────────────────────────────────────────────────────────────────

SHOWN = (200, 200, 200, 404, 404)
OWNERS_FORM = (303, 403, 403, 404, 404)
OWNERS_PANEL = (200, 403, 403, 404, 404)  # with what is shown once
ASKING_FORM = (303, 303, 403, 404, 404)
#                      owner, co-driver, viewer, stranger, somebody without a cookie
PAGES: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", "/c/<conversation_id>"): SHOWN,
    ("GET", "/c/<conversation_id>/export.md"): SHOWN,
    ("GET", "/c/<conversation_id>/export.json"): SHOWN,
    ("GET", "/c/<conversation_id>/events"): SHOWN,
    ("GET", "/c/<conversation_id>/used"): (200, 403, 403, 404, 404),
    ("GET", "/c/<conversation_id>/menu"): SHOWN,
    ("POST", "/c/<conversation_id>/messages"): ASKING_FORM,
    ("POST", "/c/<conversation_id>/again"): ASKING_FORM,
    ("POST", "/c/<conversation_id>/further"): ASKING_FORM,
    ("POST", "/c/<conversation_id>/continue"): ASKING_FORM,
    ("POST", "/c/<conversation_id>/stop"): ASKING_FORM,
    ("POST", "/c/<conversation_id>/choice"): OWNERS_FORM,
    ("POST", "/c/<conversation_id>/delete"): OWNERS_FORM,
    ("POST", "/c/<conversation_id>/restore"): (404,) * 5,  # it is not deleted
    ("POST", "/c/<conversation_id>/rename"): OWNERS_FORM,
    ("POST", "/c/<conversation_id>/pin"): OWNERS_FORM,
    ("POST", "/c/<conversation_id>/unpin"): OWNERS_FORM,
    ("POST", "/c/<conversation_id>/share"): OWNERS_PANEL,
    ("POST", "/c/<conversation_id>/unshare"): OWNERS_PANEL,
    ("POST", "/c/<conversation_id>/sharing"): OWNERS_PANEL,
    ("POST", "/c/<conversation_id>/invitations"): OWNERS_PANEL,
    ("POST", "/c/<conversation_id>/invitations/<invitation_id>/withdraw"): OWNERS_PANEL,
    ("POST", "/c/<conversation_id>/members/<person_id>/remove"): OWNERS_PANEL,
    ("POST", "/c/<conversation_id>/members/<person_id>/role"): OWNERS_PANEL,
    ("POST", "/c/<conversation_id>/leave"): (303, 303, 303, 404, 404),
    ("GET", "/c/<conversation_id>/messages/<message_id>/sources/<number>"): (404,) * 5,  # it cites nothing
    ("GET", "/c/<conversation_id>/documents"): SHOWN,
    ("POST", "/c/<conversation_id>/library"): OWNERS_FORM,
    ("GET", "/d/<document_id>"): SHOWN,
    ("GET", "/d/<document_id>/text"): SHOWN,
    ("GET", "/d/<document_id>/menu"): SHOWN,
    ("GET", "/d/<document_id>/original"): SHOWN,
    ("POST", "/d/<document_id>/rename"): OWNERS_FORM,
    ("POST", "/d/<document_id>/delete"): OWNERS_FORM,
    ("POST", "/d/<document_id>/restore"): (404,) * 5,  # it is not deleted
    ("POST", "/c/<conversation_id>/fork"): (303, 303, 303, 404, 404),
}


# What a form must hold to be taken; the rest needs nothing.
FORMS: dict[str, dict[str, str]] = {
    "messages": {"text": "May I?"},
    "again": {"message_id": "{message_id}"},
    "further": {"message_id": "{message_id}"},
    "continue": {"stream_id": "{stream_id}"},
    "stop": {"stream_id": "{stream_id}"},
    "rename": {"title": "Mine now", "name": "Mine now.txt"},
    "invitations": {"role": "viewer"},
    "role": {"role": "viewer"},
}
VISITORS = ("owner", "co-driver", "viewer", "stranger", "nobody")


def visit(world: World, method: str, path: str, role: str, **headers: str) -> int:
    """Ask for a page, or send its form, as somebody's browser does; gives the status."""
    client = world.api.app.test_client()
    person = world.who[role]
    if isinstance(person, Person):
        client.set_cookie(COOKIE, world.api.house.signer.sign(person))
    form = FORMS.get(path.rpartition("/")[2], {}) if method == "POST" else {}
    place = re.sub(r"<(\w+)>", lambda found: world.ids[found[1]], path)
    data = {name: value.format(**world.ids) for name, value in form.items()}
    sent = headers or {"Sec-Fetch-Site": "same-origin"}
    answer = client.open(place, method=method, data=data or None, headers=sent, buffered=False)
    answer.close()
    return answer.status_code


@pytest.mark.parametrize(("method", "path"), PAGES, ids=str)
def test_who_may_what_on_pages(api: Api, unchanged: World, method: str, path: str) -> None:
    expected, found = dict(zip(VISITORS, PAGES[method, path], strict=True)), {}
    for role in VISITORS:
        harmless = method == "GET" or expected[role] >= 400
        found[role] = visit(unchanged if harmless else World.made(api), method, path, role)
    assert found == expected


@pytest.mark.parametrize("path", [path for method, path in PAGES if method == "POST"])
def test_no_other_site_sends_our_forms(unchanged: World, path: str) -> None:
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Referer": "http://localhost/"},
    ):
        assert visit(unchanged, "POST", path, "owner", **headers) == 403


def test_every_page_of_a_conversation_is_in_the_table(app: Flask) -> None:
    real = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/c/", "/d/"))
    }
    assert real == set(PAGES)


def test_what_was_deleted_on_the_page_is_there_for_nobody(api: Api) -> None:
    world = World.made(api)
    assert visit(world, "POST", "/c/<conversation_id>/delete", "owner") == 303
    for method, path in API:
        if OF_SOMEBODY.search(path):
            for role in ("owner", "co-driver", "viewer", "stranger"):
                assert world.ask(method, path, role)[0] == 404, (method, path, role)
            assert world.ask(method, path, "link")[0] in (404, 403), (method, path)  # 403: of no link's
    for method, path in PAGES:
        if not path.endswith(("/restore", "/fork")):
            assert visit(world, method, path, "co-driver") == 404, path
    assert visit(world, "POST", "/c/<conversation_id>/restore", "co-driver") == 404
    assert visit(world, "POST", "/c/<conversation_id>/restore", "owner") == 303
    assert world.ask("GET", HERE, "link") == (200, "")
