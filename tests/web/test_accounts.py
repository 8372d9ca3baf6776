"""Sign up, log in, log out: what one wrote stays one's own; who guesses learns nothing, and not often."""

import gevent
import pytest
from flask import Flask
from gevent.monkey import get_original
from werkzeug.security import generate_password_hash

from chat.web import passwords
from chat.web.caller import COOKIE
from tests.patience import PATIENCE_S
from tests.web.calls import Api, opened_app
from tests.web.people import PASSWORD, QUICK, Browser, disable, said


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        passwords, "generate_password_hash", lambda password: generate_password_hash(password, QUICK)
    )
    monkeypatch.setattr(passwords, "NOBODYS", generate_password_hash("nobody's", QUICK))


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory):
    """An app that counts no attempts."""
    with opened_app(tmp_path_factory.mktemp("accounts"), login_rate=0) as app:
        yield app


@pytest.fixture
def browser(roomy: Flask) -> Browser:
    return Browser(roomy)


@pytest.fixture
def login(request: pytest.FixtureRequest, api: Api) -> str:
    """A login that no other test takes."""
    return f"ada-{api.ada.id}"


# ── sign up ──────────────────────────────────────────────────────────────────────────────────


def test_who_signs_up_stays_who_they_are(browser: Browser, login: str) -> None:
    path = browser.ask()
    before = browser.who
    assert browser.sign_up(login, name="Ada").status_code == 303
    assert browser.who.id == before.id
    assert browser.who.name == "Ada"
    assert browser.sees(path)


def test_who_has_nothing_yet_can_sign_up_at_once(browser: Browser, login: str) -> None:
    assert browser.sign_up(login).location == "/"
    assert login in browser.get("/you").text


def test_a_name_that_was_given_is_kept(browser: Browser, login: str) -> None:
    browser.get("/")
    browser.post("/name", name="Countess")
    browser.sign_up(login)
    assert browser.who.name == "Countess"


@pytest.mark.parametrize(
    ("fields", "beside", "words"),
    [
        ({"login": ""}, "login", "Write a login"),
        ({"login": "two words"}, "login", "one word"),
        ({"login": "a\x00b"}, "login", "one word"),
        ({"login": "x" * 255}, "login", "at most 254"),
        ({"password": "short"}, "password", "at least 8"),
        ({"password": "x" * 1001}, "password", "at most 1000"),
        ({"password": "aaaaaaaaaa"}, "password", "anybody would try"),
        ({"login": "LongEnough", "password": "longenough"}, "password", "anybody would try"),
    ],
)
def test_what_does_not_fit_is_said_beside_the_field_and_kept(
    browser: Browser, login: str, fields: dict[str, str], beside: str, words: str
) -> None:
    typed = {"login": login, "password": PASSWORD, "name": "Ada & co", **fields}
    answer = browser.post("/signup", **typed)
    assert answer.status_code == 422
    assert words in said(answer)
    assert f'aria-describedby="{beside}-said" aria-invalid="true"' in answer.text
    assert "Ada &amp; co" in answer.text
    assert typed["password"] not in answer.text or typed["password"] == typed["login"].casefold()
    assert browser.cookie is None


def test_a_login_is_taken_however_it_is_written(browser: Browser, login: str) -> None:
    browser.sign_up(login)
    answer = Browser(browser.app).sign_up(f"  {login.upper()} ")
    assert (answer.status_code, "already" in said(answer)) == (422, True)


def test_a_password_is_kept_as_a_hash_and_nowhere_else(tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    with opened_app(tmp_path) as app:
        answer = Browser(app).sign_up("ada", "sesame, open the door")
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"sesame" not in kept
    assert b"scrypt:" in kept
    assert "sesame" not in answer.text + str(answer.headers) + caplog.text


def test_hashes_are_as_slow_as_werkzeug_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    made = passwords.hash_password(PASSWORD)
    assert made.split("$")[0] == passwords.NOBODYS.split("$")[0], "unknown would be told sooner, or later"
    assert passwords.is_password(made, PASSWORD)
    assert not passwords.is_password(made, "another one")
    assert not passwords.is_password(None, "nobody's")


def test_nobodys_line_waits_for_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = get_original("_thread", "allocate_lock")()
    gate.acquire()

    def hash_slowly(password: str) -> str:
        assert gate.acquire(timeout=PATIENCE_S), "the hub stood still"
        return generate_password_hash(password, QUICK)

    monkeypatch.setattr(passwords, "generate_password_hash", hash_slowly)
    hashing = gevent.spawn(passwords.hash_password, PASSWORD)
    for _ in range(4):
        gevent.sleep(0.005)
    assert not hashing.ready()
    gate.release()
    assert passwords.is_password(hashing.get(), PASSWORD)


def test_a_password_is_the_same_however_its_letters_are_composed(browser: Browser, login: str) -> None:
    browser.sign_up(login, "Schlüssel der Burg")
    assert Browser(browser.app).log_in(login, "Schlüssel der Burg").status_code == 303


def test_who_signed_up_is_not_asked_again(browser: Browser, login: str) -> None:
    browser.sign_up(login)
    for path in ("/signup", "/login"):
        assert browser.get(path).location == "/"
    assert browser.sign_up("another").location == "/"


# ── log in ───────────────────────────────────────────────────────────────────────────────────


def test_another_browser_finds_the_same_conversations(browser: Browser, login: str) -> None:
    path = browser.ask()
    browser.sign_up(login)
    other = Browser(browser.app)
    assert not other.sees(path)
    assert other.log_in(login).status_code == 303
    assert other.sees(path)


def test_what_was_written_before_logging_in_comes_along(browser: Browser, login: str) -> None:
    browser.sign_up(login)
    other = Browser(browser.app)
    path = other.ask("Written as a guest")
    was = other.who
    other.log_in(login)
    assert browser.sees(path)
    assert other.sees(path)
    assert other.who.id != was.id


def test_an_account_takes_nothing_from_another(browser: Browser, login: str) -> None:
    browser.sign_up(login)
    path = browser.ask()
    Browser(browser.app).sign_up(f"{login}-2")
    browser.log_in(f"{login}-2")
    assert not browser.sees(path)


@pytest.mark.parametrize("password", ["another one", "", PASSWORD + " "])
def test_unknown_and_wrong_are_told_alike(browser: Browser, login: str, password: str) -> None:
    browser.sign_up(login)
    guess = Browser(browser.app)
    wrong, unknown = (guess.log_in(who, password) for who in (login, f"{login}-unknown"))
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(login, "") == unknown.text.replace(f"{login}-unknown", "")
    assert guess.cookie is None


def test_unknown_takes_as_long_as_wrong(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    held_against = []
    monkeypatch.setattr(passwords, "check_password_hash", lambda kept, _: held_against.append(kept))
    browser.log_in("nobody-at-all")
    assert held_against == [passwords.NOBODYS]


def test_what_was_typed_is_kept_and_the_password_is_not(browser: Browser) -> None:
    answer = browser.log_in('who"><script>', "my secret word")
    assert "who&#34;&gt;&lt;script&gt;" in answer.text
    assert "my secret word" not in answer.text


def test_a_closed_account_says_so_to_its_owner_alone(browser: Browser, login: str) -> None:
    browser.sign_up(login)
    disable(browser.house, browser.who.id)
    other = Browser(browser.app)
    assert "closed" in said(other.log_in(login))
    assert "closed" not in said(other.log_in(login, "a guess of mine"))
    assert other.cookie is None


# ── how often ────────────────────────────────────────────────────────────────────────────────


def test_one_address_may_try_so_often(tmp_path) -> None:
    with opened_app(tmp_path, login_rate=3) as app:
        browser = Browser(app)
        tries = [browser.log_in(f"somebody{number}").status_code for number in range(5)]
        assert tries == [401, 401, 401, 429, 429]
        refused = browser.sign_up("somebody")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert "Wait" in said(refused)
        assert "somebody" in refused.text
        assert Browser(app, "192.0.2.7").log_in("somebody9").status_code == 401


def test_one_account_may_be_tried_so_often_from_everywhere(tmp_path) -> None:
    with opened_app(tmp_path, login_rate=3) as app:
        Browser(app, "192.0.2.99").sign_up("ada")
        tries = [Browser(app, f"192.0.2.{n}").log_in(who, "a guess of mine").status_code
                 for n, who in enumerate(["ada", "ADA", "ada "])]  # fmt: skip
        assert tries == [401, 401, 429]
        assert Browser(app, "192.0.2.50").log_in("ada").status_code == 429, "even with the right one"
        assert Browser(app, "192.0.2.51").log_in("ben").status_code == 401


# ── from where, and where to ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/signup", "/login", "/logout", "/name", "/you/password", "/you/leave"])
@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_another_sites_form_does_nothing(browser: Browser, login: str, path: str, origin: str | None) -> None:
    browser.sign_up(login)
    before = browser.cookie
    headers = {"Origin": origin} if origin else {}
    form = {"login": login, "password": PASSWORD, "name": "Mallory"}
    assert browser.client.post(path, data=form, headers=headers).status_code == 403
    assert browser.cookie == before


@pytest.mark.parametrize("next", ["/c/0123", "/you", "/you/usage", "/search?q=a%20b&page=2", "/c/x#m-1"])
def test_one_goes_on_to_where_one_wanted(browser: Browser, login: str, next: str) -> None:
    browser.sign_up(login)
    assert Browser(browser.app).log_in(login, next=next).location == next


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/%0d%0aSet-Cookie:x=1\r\n", "javascript:alert(1)", "evil.example", "", " /you", "/you\n", "/\x00",
        "/" + "x" * 3000, "///evil.example", "/é", "http:/you",
    ],
)  # fmt: skip
def test_one_never_goes_on_to_another_site(browser: Browser, login: str, next: str) -> None:
    browser.sign_up(login)
    other = Browser(browser.app)
    page = other.get("/login", query_string={"next": next})
    assert "evil.example" not in page.text
    answer = other.log_in(login, next=next)
    assert answer.location == "/"
    assert "Set-Cookie:x" not in str(answer.headers)


def test_the_form_carries_on_where_one_wanted_to_go(browser: Browser) -> None:
    page = browser.get("/login?next=/c/0123")
    assert '<input type="hidden" name="next" value="/c/0123">' in page.text
    assert "/signup?next=/c/0123" in page.text
    assert 'value="/c/0123"' in browser.log_in("nobody", next="/c/0123").text


def test_who_finds_nothing_there_may_log_in_and_come_back(browser: Browser) -> None:
    assert browser.get("/c/0123").text == browser.get("/c/4567").text, "the page tells nothing of the address"
    followed = browser.get("/login", headers={"Referer": "http://localhost/c/0123"})
    assert '<input type="hidden" name="next" value="/c/0123">' in followed.text
    for elsewhere in (
        "http://evil.example/c/0123",
        "http://localhost/admin",
        "http://localhost//evil.example",
    ):
        assert "/signup?next" not in browser.get("/login", headers={"Referer": elsewhere}).text


# ── fixation ─────────────────────────────────────────────────────────────────────────────────


def test_a_cookie_that_somebody_planted_is_worth_nothing_after_signing_up(
    browser: Browser, login: str
) -> None:
    mallory = Browser(browser.app)
    mallory.get("/")
    planted = mallory.cookie
    browser.client.set_cookie(COOKIE, planted)
    browser.sign_up(login)
    path = browser.ask("A secret")
    assert not mallory.sees(path)
    bearer = {"Authorization": f"Bearer {planted}"}
    assert browser.app.test_client().get("/api/conversations", headers=bearer).status_code == 401


def test_a_cookie_that_somebody_planted_is_worth_nothing_after_logging_in(
    browser: Browser, login: str
) -> None:
    browser.sign_up(login)
    mallory = Browser(browser.app)
    mallory.ask("Bait")
    victim = Browser(browser.app)
    victim.client.set_cookie(COOKIE, mallory.cookie)
    victim.log_in(login)
    path = victim.ask("A secret")
    assert not mallory.sees(path)
    assert mallory.who.id != victim.who.id


# ── log out ──────────────────────────────────────────────────────────────────────────────────


def test_who_logs_out_leaves_nothing_in_the_browser(browser: Browser, login: str) -> None:
    browser.sign_up(login)
    path = browser.ask()
    answer = browser.post("/logout")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert browser.cookie is None
    assert not browser.sees(path)
    browser.get("/")
    assert browser.who.name == "Guest"
    browser.log_in(login)
    assert browser.sees(path)


def test_logging_out_is_a_form_and_no_link(browser: Browser) -> None:
    assert browser.get("/logout").status_code == 405


# ── closed doors ─────────────────────────────────────────────────────────────────────────────


def test_where_sign_up_is_closed_nobody_makes_an_account(tmp_path) -> None:
    with opened_app(tmp_path, signup="closed") as app:
        browser = Browser(app)
        page = browser.get("/signup")
        assert "Nobody can sign up here" in page.text
        assert "<form" not in page.text
        assert browser.sign_up("ada").status_code == 403
        assert browser.log_in("ada").status_code == 401
        assert "Sign up" not in browser.get("/login").text


@pytest.mark.parametrize("path", ["/login", "/signup"])
def test_the_doors_store_nothing_and_give_no_cookie(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_pages_work_by_keyboard_names_and_autofill(browser: Browser) -> None:
    page = browser.get("/signup").text
    for words in ('autocomplete="new-password"', 'autocomplete="username"', '<label for="login">'):
        assert words in page


def test_who_finds_nothing_as_a_guest_is_shown_where_to_log_in(browser: Browser, login: str) -> None:
    page = browser.get("/c/0123")
    assert page.status_code == 404
    assert 'href="/login"' in page.text
    browser.sign_up(login)
    assert "/login" not in browser.get("/c/0123").text
    assert "/login" not in Browser(browser.app).get("/s/nothing").text
