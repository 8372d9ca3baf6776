"""How somebody stands is asked with every request and again while a line is open: out means out, at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest
from flask import Flask
from sqlalchemy import event

from chat.store import accounts, people, tokens
from chat.store.people import Person
from chat.store.tokens import Token
from chat.web import access
from chat.web.bodies import AccessGone, Line, Permit
from chat.web.caller import COOKIE
from chat.web.connection import Connection
from tests.patience import PATIENCE_S
from tests.web.calls import Api, opened_app
from tests.web.people import SAME, disable


@pytest.fixture
def ada(api: Api) -> Person:
    """Ada, stored, with an account; her token is of generation 1."""
    api.house.store.write(lambda tx: accounts.create(tx, api.ada, f"login-{api.ada.id}", None, 0.0))
    return api.ada


def signed(api: Api, generation: int = 1) -> str:
    return api.house.signer.sign(api.ada, generation)


def close(api: Api) -> None:
    disable(api.house, api.ada.id)


def sign_out(api: Api) -> None:
    api.house.store.write(lambda tx: people.sign_out_everywhere(tx, api.ada.id))


# ── tokens have generations ──────────────────────────────────────────────────────────────────


def test_a_token_of_the_present_generation_is_good_and_no_other(api: Api, ada: Person) -> None:
    assert api.call("GET", "/conversations", who=signed(api)).status_code == 200
    for other in (0, 2):
        assert api.refused("GET", "/conversations", who=signed(api, other)) == (401, "unauthorized")


def test_tokens_without_a_generation_are_of_the_first(api: Api) -> None:
    old = api.house.signer._serializer.dumps([api.ada.id, "Ada"])
    assert api.call("POST", "/conversations", {}, who=old).status_code == 201
    sign_out(api)
    assert api.refused("GET", "/conversations", who=old) == (401, "unauthorized")


def test_the_stored_name_beats_the_one_that_was_signed(api: Api, ada: Person) -> None:
    api.house.store.write(lambda tx: people.rename(tx, Person(ada.id, "Countess")))
    conversation = api.begin(who=signed(api))
    asked = api.call("POST", f"{conversation}/messages", {"text": "Who?"}, who=signed(api)).get_json()
    assert asked["message"]["author"]["name"] == "Countess"


@pytest.mark.parametrize("out", [close, sign_out])
def test_a_bearer_is_refused_and_never_falls_back(api: Api, ada: Person, out: Callable[[Api], None]) -> None:
    token = signed(api)
    out(api)
    client = api.app.test_client()
    client.set_cookie(COOKIE, api.house.signer.sign(api.ben))
    answer = client.get("/api/conversations", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("out", [close, sign_out])
def test_a_browser_is_somebody_new(api: Api, ada: Person, out: Callable[[Api], None]) -> None:
    client = api.app.test_client()
    client.set_cookie(COOKIE, signed(api))
    assert client.get("/").status_code == 200
    out(api)
    assert client.get("/api/conversations").status_code == 401
    assert client.get("/").status_code == 200
    assert api.house.signer.read(client.get_cookie(COOKIE).value).id != ada.id


@pytest.mark.parametrize("out", [close, sign_out])
def test_a_form_of_who_was_signed_out_becomes_nobody_elses(
    api: Api, ada: Person, out: Callable[[Api], None]
) -> None:
    client = api.app.test_client()
    client.set_cookie(COOKIE, signed(api))
    out(api)
    answer = client.post("/c", data={"text": "A secret"}, headers=SAME)
    assert answer.status_code == 401
    assert "signed out" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_one_more_read_is_all_it_costs(api: Api, ada: Person) -> None:
    """The drive path is paid for by every token; what is asked of a standing are two primary keys."""
    token, reads = signed(api), []
    engine = api.house.store.read(lambda conn: conn.engine)
    conversation = api.begin(who=token)

    def count(_conn, _cursor, statement: str, *_: object) -> None:
        if "generation" in statement:
            reads.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    try:
        api.get(conversation, who=token)
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert len(reads) == 1
    plan = api.house.store.read(
        lambda conn: conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {reads[0]}", ("x",)).all()
    )
    assert all("SEARCH" in row[3] and "INDEX" in row[3] for row in plan), plan


# ── open lines ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def token(api: Api, ada: Person) -> tuple[Token, str]:
    """A token of Ada's, and its secret."""
    return api.house.store.write(lambda tx: tokens.create(tx, ada.id, "t", 0.0))


@pytest.fixture
def permits(api: Api, ada: Person, token: tuple[Token, str]) -> list[Permit]:
    """What Ada's open lines ask, for a conversation and a stream: by signature, and by a program's token."""
    conversation = api.begin(who=signed(api))
    asked = api.call("POST", f"{conversation}/messages", {"text": "Well?"}, who=signed(api)).get_json()
    found = []
    for bearer in (signed(api), token[1]):
        with api.app.test_request_context(headers={"Authorization": f"Bearer {bearer}"}):
            found.append(access.conversation_permit(conversation.rpartition("/")[2], "ask"))
            found.append(access.stream_with_permit(asked["reply"]["stream_id"], "ask")[1])
    return found


def test_lines_of_who_is_disabled_hear_of_it_and_are_refused(api: Api, permits: list[Permit]) -> None:
    assert all(f"standing:{api.ada.id}" in permit.topics for permit in permits)
    assert all(permit.allowed() for permit in permits)
    close(api)
    assert not any(permit.allowed() for permit in permits)


def test_signing_out_everywhere_leaves_programs_alone(api: Api, permits: list[Permit]) -> None:
    sign_out(api)
    assert [permit.allowed() for permit in permits] == [False, False, True, True]


def test_a_token_that_is_taken_back_cuts_its_own_lines_alone(api: Api, permits: list[Permit], token) -> None:
    api.house.store.write(lambda tx: tokens.revoke(tx, api.ada.id, token[0].id))
    assert [permit.allowed() for permit in permits] == [True, True, False, False]


def test_who_came_differently_shares_no_answer(permits: list[Permit]) -> None:
    assert len({permit.question for permit in permits}) == 4


def test_an_open_line_ends_when_it_is_rung(api: Api, permits: list[Permit]) -> None:
    """As a body waits: on its ear, without asking by itself for half a minute."""
    gone = []

    def follow(permit) -> None:
        with api.house.bell.listen(*permit.topics) as ear:
            line = Line(api.house, Connection(), permit, ear, ask_at=float("inf"))
            try:
                while not line.over(ear.wait(PATIENCE_S)):
                    pass
            except AccessGone:
                gone.append(permit)

    lines = [gevent.spawn(follow, permit) for permit in permits]
    gevent.sleep(0)
    close(api)
    gevent.joinall(lines, timeout=PATIENCE_S)
    assert len(gone) == len(permits)


# ── where an account is required ─────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with opened_app(tmp_path_factory.mktemp("closed"), auth="required") as app:
        yield app


@pytest.fixture
def guarded(closed: Flask) -> Api:
    api = Api(closed)
    api.house.store.write(lambda tx: accounts.create(tx, api.ada, f"login-{api.ada.id}", None, 0.0))
    return api


@pytest.mark.parametrize(
    ("path", "next"),
    [
        ("/", "/"), ("/c/0123", "/c/0123"), ("/c/0123?before=a%20b", "/c/0123%3Fbefore%3Da%2520b"),
        ("/demo", "/demo"), ("/you", "/you"), ("/admin", "/admin"), ("/nothing", "/nothing"),
        ("/join/x", "/join/x"),
    ],
)  # fmt: skip
def test_every_page_sends_to_where_one_logs_in(guarded: Api, path: str, next: str) -> None:
    answer = guarded.app.test_client().get(path)
    assert (answer.status_code, answer.location) == (303, f"/login?next={next}")
    assert "Set-Cookie" not in answer.headers


def test_one_is_brought_back_to_what_one_asked_for(guarded: Api) -> None:
    client = guarded.app.test_client()
    page = client.get(client.get("/c/0123?before=a%20b&x=1").location)
    assert 'name="next" value="/c/0123?before=a%20b&amp;x=1"' in page.text


@pytest.mark.parametrize(
    "path", ["/login", "/signup", "/healthz", "/readyz", "/static/stream.js", "/api/docs"]
)
def test_the_doors_are_open(guarded: Api, path: str) -> None:
    assert guarded.app.test_client().get(path).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/c"), ("POST", "/name"), ("POST", "/you/tokens")])
def test_nobodys_form_does_anything(guarded: Api, method: str, path: str) -> None:
    answer = guarded.app.test_client().open(path, method=method, data={"text": "x"}, headers=SAME)
    assert answer.status_code == 401


def test_a_piece_of_a_page_is_no_place_to_log_in(guarded: Api) -> None:
    assert guarded.app.test_client().get("/", headers={"HX-Request": "true"}).status_code == 401


def test_every_route_of_the_api_asks_for_an_account(guarded: Api) -> None:
    """What is not open to all is closed to whoever has none: nobody, and who came while it was open."""
    stranger = guarded.house.signer.sign(guarded.ben)
    for rule in guarded.app.url_map.iter_rules():
        if not rule.rule.startswith("/api/") or rule.rule in (
            "/api/session",
            "/api/openapi.json",
            "/api/docs",
        ):
            continue
        path = rule.rule.removeprefix("/api").replace("<", "").replace(">", "")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert guarded.refused(method, path, who="") == (401, "sign_in_required"), (method, path)
            assert guarded.refused(method, path, who=stranger) == (401, "sign_in_required"), (method, path)


def test_a_cookie_without_an_account_opens_nothing(guarded: Api) -> None:
    client = guarded.app.test_client()
    client.set_cookie(COOKIE, guarded.house.signer.sign(guarded.ben))
    assert client.get("/").status_code == 303
    assert client.get("/api/conversations").status_code == 401


def test_who_has_an_account_comes_in(guarded: Api) -> None:
    assert guarded.call("POST", "/conversations", {}, who=signed(guarded)).status_code == 201


def test_links_go_on_opening_what_they_open(guarded: Api) -> None:
    mine = guarded.begin(who=signed(guarded))
    token = guarded.call("POST", f"{mine}/share", who=signed(guarded)).get_json()["token"]
    assert guarded.app.test_client().get(f"/s/{token}").status_code == 200
    assert guarded.get(mine, who=token)["id"] in mine


def test_events_of_who_is_nobody_end_for_good(guarded: Api) -> None:
    again = {"Last-Event-ID": "1"}
    answer = guarded.app.test_client().get("/c/0123/events", headers=again)
    assert (answer.status_code, answer.data.split(b"\n")[0]) == (200, b"event: close")


def test_who_was_a_guest_before_accounts_were_required_keeps_what_they_wrote(tmp_path: Path) -> None:
    with opened_app(tmp_path) as app:
        api = Api(app)
        mine = api.begin(title="Mine")
    with opened_app(tmp_path, auth="required") as app:
        client = app.test_client()
        client.set_cookie(COOKIE, api.house.signer.sign(api.ada))
        form = {"login": "ada", "password": "correct horse"}
        assert client.post("/signup", data=form, headers=SAME).status_code == 303
        assert client.get(f"/api{mine}").status_code == 200


# ── admins ───────────────────────────────────────────────────────────────────────────────────


def test_only_an_admin_is_one(api: Api, ada: Person, token: tuple[Token, str]) -> None:
    _, secret = token

    def is_let_in(token: str) -> bool:
        with api.app.test_request_context(headers={"Authorization": f"Bearer {token}"}):
            try:
                return access.require_admin().id == ada.id
            except access.NotFound:
                return False

    assert not is_let_in(signed(api))
    api.house.store.write(lambda tx: accounts.set_admin(tx, ada.id, True))
    assert is_let_in(signed(api))
    assert not is_let_in(secret), "a program is no admin"
    assert not is_let_in(api.house.signer.sign(api.ben))
    close(api)
    with pytest.raises(access.Unauthorized):
        is_let_in(signed(api))
