"""Tokens for programs: shown once, kept as a hash, one's own to make and take back; and the page for them."""

import re
from hashlib import sha256

import pytest
from flask import Flask
from werkzeug.security import generate_password_hash

from chat.store import accounts
from chat.store.tables import tokens as table
from chat.store.tokens import FRESH_S, MOST
from chat.web import passwords
from tests.web.calls import Api
from tests.web.people import PASSWORD, QUICK, Browser, disable, said


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        passwords, "generate_password_hash", lambda password: generate_password_hash(password, QUICK)
    )


@pytest.fixture
def me(api: Api) -> str:
    """The bearer of Ada, who has an account."""
    api.house.store.write(lambda tx: accounts.create(tx, api.ada, f"login-{api.ada.id}", None, 0.0))
    return api.house.signer.sign(api.ada, 1)


@pytest.fixture
def browser(app: Flask, api: Api) -> Browser:
    """The browser of somebody who signed up, from an address of their own: attempts are counted here."""
    browser = Browser(app, address=f"2001:db8:{int(api.ada.id[:4], 16):x}:{int(api.ada.id[4:8], 16):x}::1")
    assert browser.sign_up(f"user-{api.ada.id}").status_code == 303
    return browser


def make(api: Api, who: str, name: str = "A script") -> dict:
    answer = api.call("POST", "/tokens", {"name": name}, who=who)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def rows(api: Api) -> list:
    mine = table.select().where(table.c.person_id == api.ada.id)
    return api.house.store.read(lambda conn: conn.execute(mine).mappings().all())


# ── the API ──────────────────────────────────────────────────────────────────────────────────


def test_a_token_acts_for_its_owner(api: Api, me: str) -> None:
    made = make(api, me)
    assert made["token"].startswith("hw_")
    mine = api.begin(who=made["token"], title="By a script")
    assert api.get(mine, who=me)["title"] == "By a script"


def test_it_is_shown_once_and_kept_as_a_hash(api: Api, me: str) -> None:
    made = make(api, me)
    [listed] = api.get("/tokens", who=me)["items"]
    assert listed == {name: made[name] for name in ("id", "name", "created_at", "last_used_at")}
    assert made["token"] not in str(rows(api))
    assert rows(api)[0]["token_hash"] == sha256(made["token"].encode()).hexdigest()


def test_one_that_is_revoked_opens_nothing(api: Api, me: str) -> None:
    made = make(api, me)
    assert api.call("DELETE", f"/tokens/{made['id']}", who=me).status_code == 204
    assert api.refused("GET", "/conversations", who=made["token"]) == (401, "unauthorized")
    assert api.refused("DELETE", f"/tokens/{made['id']}", who=me) == (404, "not_found")


def test_nobody_takes_back_anothers(api: Api, me: str) -> None:
    made = make(api, me)
    api.house.store.write(lambda tx: accounts.create(tx, api.ben, f"login-{api.ben.id}", None, 0.0))
    ben = api.house.signer.sign(api.ben, 1)
    assert api.refused("DELETE", f"/tokens/{made['id']}", who=ben) == (404, "not_found")
    assert api.get("/tokens", who=ben)["items"] == []
    assert api.call("GET", "/conversations", who=made["token"]).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_program_neither_sees_nor_makes_tokens(api: Api, me: str, method: str) -> None:
    made = make(api, me)
    assert api.refused(method, "/tokens", who=made["token"]) == (403, "token_not_allowed")
    assert api.refused("DELETE", f"/tokens/{made['id']}", who=made["token"])[0] == 403


def test_who_has_no_account_has_no_tokens(api: Api) -> None:
    assert api.refused("POST", "/tokens", {"name": "x"}) == (403, "account_required")
    mine = api.begin()
    link = api.call("POST", f"{mine}/share").get_json()["token"]
    assert api.refused("GET", "/tokens", who=link) == (403, "read_only")


@pytest.mark.parametrize("token", ["hw_", "hw_guess", "hw_" + "x" * 10_000, "hw_\xe9"])
def test_what_only_looks_like_a_token_is_none(api: Api, token: str) -> None:
    assert api.refused("GET", "/conversations", who=token) == (401, "unauthorized")


@pytest.mark.parametrize(
    "body", [None, {}, {"name": ""}, {"name": 7}, {"name": "x" * 81}, {"name": "a\x00b"}]
)
def test_what_is_no_name_makes_no_token(api: Api, me: str, body) -> None:
    assert api.refused("POST", "/tokens", body, who=me)[0] in (415, 422)
    assert rows(api) == []


def test_there_are_so_many_and_no_more(api: Api, me: str) -> None:
    for number in range(MOST):
        make(api, me, f"number {number}")
    assert api.refused("POST", "/tokens", {"name": "one more"}, who=me) == (409, "too_many_tokens")
    assert len(api.get("/tokens", who=me)["items"]) == MOST


def test_its_last_use_is_noted_now_and_then(api: Api, me: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(api, me)
    start = api.house.now()
    seen = []
    for later in (0, 10, FRESH_S - 10, FRESH_S + 10):
        monkeypatch.setattr(api.house, "now", lambda later=later: start + later)
        api.get("/conversations", who=made["token"])
        seen.append(rows(api)[0]["last_used_at"] - start)
    assert seen == [0, 0, 0, FRESH_S + 10]


def test_one_of_an_account_that_is_disabled_opens_nothing(api: Api, me: str) -> None:
    made = make(api, me)
    disable(api.house, api.ada.id)
    assert api.refused("GET", "/conversations", who=made["token"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/name"),
        ("GET", "/you"),
        ("POST", "/login"),
        ("POST", "/signup"),
        ("GET", "/demo"),
    ],
)
def test_a_token_never_grows_into_a_cookie(api: Api, me: str, method: str, path: str) -> None:
    bearer = {"Authorization": f"Bearer {make(api, me)['token']}"}
    form = {"name": "Mallory", "login": "x", "password": PASSWORD} if method == "POST" else None
    answer = api.app.test_client().open(path, method=method, data=form, headers=bearer)
    assert answer.status_code in (200, 303, 401, 403)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/name", "/you/password", "/you/leave", "/you/tokens"])
def test_a_program_does_not_change_who_its_owner_is(api: Api, me: str, path: str) -> None:
    bearer = {"Authorization": f"Bearer {make(api, me)['token']}"}
    form = {"name": "Mallory", "token_name": "x"}
    assert api.app.test_client().post(path, data=form, headers=bearer).status_code == 403


# ── the page ─────────────────────────────────────────────────────────────────────────────────


def secret_on(page: str) -> str:
    found = re.search(r"<code>(hw_[\w-]+)</code>", page)
    assert found, "the page shows no token"
    return found[1]


def test_the_page_shows_a_token_once(browser: Browser) -> None:
    page = browser.post("/you/tokens", token_name="My <laptop>")
    secret = secret_on(page.text)
    assert "My &lt;laptop&gt;" in page.text
    again = browser.get("/you").text
    assert secret not in again
    assert "never used" in again
    bearer = {"Authorization": f"Bearer {secret}"}
    assert browser.app.test_client().get("/api/conversations", headers=bearer).status_code == 200
    assert "last used" in browser.get("/you").text


def test_the_page_takes_one_back(browser: Browser) -> None:
    secret = secret_on(browser.post("/you/tokens", token_name="x").text)
    action = re.search(r'action="(/you/tokens/\w+/revoke)"', browser.get("/you").text)[1]
    assert "revoked" in browser.get(browser.post(action).location).text
    bearer = {"Authorization": f"Bearer {secret}"}
    assert browser.app.test_client().get("/api/conversations", headers=bearer).status_code == 401
    assert browser.post(action).status_code == 404


def test_a_token_without_a_name_is_refused_in_words(browser: Browser) -> None:
    answer = browser.post("/you/tokens", token_name=" \x00 ")
    assert (answer.status_code, "Say what it is for" in said(answer)) == (422, True)


def test_a_password_is_changed_by_who_knows_it(browser: Browser, api: Api) -> None:
    other = Browser(browser.app, browser.environ["REMOTE_ADDR"])
    other.log_in(f"user-{api.ada.id}")
    path = browser.ask()
    assert other.sees(path)
    wrong = browser.post("/you/password", current="a guess of mine", password="battery staple")
    assert (wrong.status_code, said(wrong)) == (403, "That is not your password.")
    weak = browser.post("/you/password", current=PASSWORD, password="short")
    assert weak.status_code == 422
    assert other.sees(path), "nothing has changed yet"
    done = browser.post("/you/password", current=PASSWORD, password="battery staple")
    assert "Every other browser is logged out" in browser.get(done.location).text
    assert browser.sees(path)
    assert not other.sees(path)
    assert other.log_in(f"user-{api.ada.id}").status_code == 401
    assert other.log_in(f"user-{api.ada.id}", "battery staple").status_code == 303


def test_guessing_at_the_old_password_is_counted(browser: Browser) -> None:
    tries = [browser.post("/you/password", current="a guess", password="x").status_code for _ in range(12)]
    assert set(tries) == {403, 429}
    assert tries[-1] == 429


def test_one_can_leave_everywhere_at_once(browser: Browser, api: Api) -> None:
    other = Browser(browser.app, browser.environ["REMOTE_ADDR"])
    other.log_in(f"user-{api.ada.id}")
    path = browser.ask()
    secret = secret_on(browser.post("/you/tokens", token_name="x").text)
    answer = browser.post("/you/leave")
    assert answer.location == "/login"
    assert browser.cookie is None
    assert not other.sees(path)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert browser.app.test_client().get("/api/conversations", headers=bearer).status_code == 200


@pytest.mark.parametrize("path", ["/you/password", "/you/leave", "/you/tokens", "/you/tokens/x/revoke"])
def test_a_guest_has_nothing_of_that(app: Flask, path: str) -> None:
    guest = Browser(app)
    page = guest.get("/you")
    assert "You are a guest" in page.text
    assert "Tokens for programs" not in page.text
    assert guest.post(path).status_code == 403


@pytest.mark.parametrize("path", ["/you/tokens/%00/revoke", "/you/tokens/nothing/revoke"])
def test_what_is_not_there_cannot_be_revoked(browser: Browser, path: str) -> None:
    assert browser.post(path).status_code == 404


def test_a_name_is_one_line_without_what_cannot_be_seen(browser: Browser) -> None:
    browser.post("/name", name="  Ada \x00\x07\n Love\tlace ", back="/you")
    assert "Ada Love lace" in browser.get("/you").text
    browser.post("/name", name=" \x00 ")
    assert "Ada Love lace" in browser.get("/you").text


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/you/x", "/c/../x"])
def test_the_form_of_a_name_sends_to_our_own_pages(browser: Browser, back: str) -> None:
    assert browser.post("/name", name="Ada", back=back).location == "/"


def test_a_new_name_is_everywhere_at_once(browser: Browser, api: Api) -> None:
    other = Browser(browser.app, browser.environ["REMOTE_ADDR"])
    other.log_in(f"user-{api.ada.id}")
    browser.post("/name", name="Countess")
    assert "Countess" in other.get("/").text
