"""Logging in at an OpenID Connect provider that speaks real HTTP, and what is not believed of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from itsdangerous import TimestampSigner
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from chat.store.tables import accounts, identities
from chat.web.oidc_provider import EXTENSION, NAME
from tests.identity_provider import CLIENT, SECRET, IdentityProvider
from tests.web.calls import opened_app
from tests.web.people import Browser, said


@pytest.fixture(scope="module")
def standing_provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as provider:
        yield provider


def settings_of(provider: IdentityProvider) -> dict[str, str]:
    return {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_name": "Example Org",
    }


@pytest.fixture(scope="module")
def app(standing_provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with opened_app(tmp_path_factory.mktemp("oidc"), **settings_of(standing_provider)) as app:
        yield app


@pytest.fixture
def provider(standing_provider: IdentityProvider, app: Flask) -> IdentityProvider:
    """The provider as if nobody had talked to it yet."""
    standing_provider.be_honest()
    with app.app_context():
        app.extensions[EXTENSION].create_client(NAME).server_metadata.clear()
    return standing_provider


@pytest.fixture
def browser(app: Flask, provider: IdentityProvider) -> Browser:
    return Browser(app)


def go_there(browser: Browser, **query: str) -> str:
    """Begin; gives the address at the provider."""
    sent = browser.get("/login/oidc", query_string=query)
    assert sent.status_code == 302, said(sent)
    return str(sent.location)


def come_back(browser: Browser, address: str) -> TestResponse:
    return browser.get(address.removeprefix("http://localhost"))


def round_trip(browser: Browser, provider: IdentityProvider, **query: str) -> TestResponse:
    return come_back(browser, provider.authorize(go_there(browser, **query)))


def logins(browser: Browser) -> list[str]:
    """Give the login of whoever this browser is."""
    mine = accounts.select().where(accounts.c.person_id == browser.who.id)
    return [row.login for row in browser.house.store.read(lambda conn: conn.execute(mine).all())]


def people_of(browser: Browser, provider: IdentityProvider) -> int:
    """Count the people here whom the provider's person is."""
    same = identities.select().where(identities.c.subject == provider.subject)
    return len(browser.house.store.read(lambda conn: conn.execute(same).all()))


def assert_nobody(browser: Browser, answer: TestResponse, words: str) -> None:
    assert answer.status_code in (400, 403, 503)
    assert words in said(answer)
    assert "Log in with Example Org" in answer.text, "one can try again"
    assert browser.cookie is None


# ── those who come back as they should ───────────────────────────────────────────────────────


def test_who_comes_the_first_time_has_an_account_from_then_on(
    browser: Browser, provider: IdentityProvider
) -> None:
    assert round_trip(browser, provider).location == "/"
    assert browser.who.name == "Ada Lovelace"
    assert logins(browser) == [provider.email]
    page = browser.get("/you").text
    assert "this server keeps no password of yours" in page


def test_what_was_written_here_before_is_the_accounts(browser: Browser, provider: IdentityProvider) -> None:
    path = browser.ask()
    before = browser.who
    round_trip(browser, provider)
    assert browser.who.id == before.id
    assert browser.sees(path)


def test_who_comes_again_from_elsewhere_is_the_same_and_takes_along_what_is_there(
    browser: Browser, provider: IdentityProvider
) -> None:
    path = browser.ask()
    round_trip(browser, provider)
    other = Browser(browser.app)
    written_there = other.ask()
    round_trip(other, provider)
    assert other.who.id == browser.who.id
    assert other.sees(path)
    assert browser.sees(written_there)
    assert people_of(browser, provider) == 1


def test_one_goes_on_to_where_one_wanted_and_never_to_another_site(
    browser: Browser, provider: IdentityProvider
) -> None:
    assert round_trip(browser, provider, next="/you/usage").location == "/you/usage"
    assert round_trip(Browser(browser.app), provider, next="//evil.example").location == "/"


def test_who_has_an_account_is_not_sent_away(browser: Browser, provider: IdentityProvider) -> None:
    round_trip(browser, provider)
    assert browser.get("/login/oidc?next=/you").location == "/you"


def test_where_an_account_is_required_this_is_one(provider: IdentityProvider, tmp_path: Path) -> None:
    with opened_app(tmp_path, auth="required", signup="closed", **settings_of(provider)) as app:
        browser = Browser(app)
        assert browser.get("/").location == "/login?next=/"
        assert round_trip(browser, provider).status_code == 303
        assert browser.sees("/")


def test_new_keys_are_asked_for(browser: Browser, provider: IdentityProvider) -> None:
    round_trip(browser, provider)
    provider.key = ECKey.generate_key("P-256", {"kid": "second", "use": "sig", "alg": "ES256"})
    provider.shown_key, provider.header = provider.key, {"alg": "ES256", "kid": "second"}
    assert round_trip(Browser(browser.app), provider).status_code == 303


# ── an e-mail address is a word, and no proof ────────────────────────────────────────────────


def test_nobody_is_found_by_an_e_mail_address(browser: Browser, provider: IdentityProvider) -> None:
    owner = Browser(browser.app)
    owner.sign_up(provider.email)
    path = owner.ask()
    round_trip(browser, provider)
    assert not browser.sees(path)
    assert (logins(owner), logins(browser)) == ([provider.email], [f"{provider.email}-2"])


@pytest.mark.parametrize(
    ("more", "login"),
    [
        ({"email": "root@example.org"}, "sso-"),
        ({"email": "root@example.org", "email_verified": "true"}, "sso-"),
        ({"preferred_username": "Ada"}, "ada"),
        ({"preferred_username": "two words"}, "sso-"),
        ({"preferred_username": 7, "name": ["x"], "email": None}, "sso-"),
        ({"preferred_username": "x" * 1000, "name": "y" * 1000}, "x" * 240),
        ({"preferred_username": "nul\x00", "name": "nul\x00"}, "sso-"),
    ],
)
def test_what_a_provider_calls_somebody_is_taken_where_it_will_do(
    browser: Browser, provider: IdentityProvider, more, login: str
) -> None:
    provider.more = more
    assert round_trip(browser, provider).status_code == 303
    assert logins(browser)[0].startswith(login)


# ── what is not believed ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "somebody else"}, {"aud": ["somebody", "else"]},
        {"aud": "somebody else", "azp": CLIENT}, {"aud": None}, {"iss": "https://evil.example"},
        {"iss": None}, {"exp": 1_000_000_000}, {"exp": None}, {"iat": 99_999_999_999}, {"sub": None},
        {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"sub": "nul\x00"}, {"azp": "somebody else"},
    ],
)  # fmt: skip
def test_claims_that_do_not_hold_let_nobody_in(browser: Browser, provider: IdentityProvider, lie) -> None:
    def twist(claims):
        return {name: value for name, value in (claims | lie).items() if value is not None}

    provider.twist = twist
    assert_nobody(browser, round_trip(browser, provider), "does not hold")


def test_a_token_of_another_key_lets_nobody_in(browser: Browser, provider: IdentityProvider) -> None:
    provider.shown_key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"})
    assert_nobody(browser, round_trip(browser, provider), "does not hold")


@pytest.mark.parametrize("offered", [["ES256"], ["none"], ["ES256", "none"], ["HS256", "none"]])
def test_a_token_that_is_not_signed_lets_nobody_in(browser, provider: IdentityProvider, offered) -> None:
    provider.header = {"alg": "none"}
    provider.metadata = {"id_token_signing_alg_values_supported": offered}
    assert_nobody(browser, round_trip(browser, provider), "does not hold")


def test_a_provider_that_calls_itself_another_is_not_asked(
    browser: Browser, provider: IdentityProvider
) -> None:
    provider.metadata = {"issuer": "https://evil.example"}
    assert_nobody(browser, browser.get("/login/oidc"), "does not hold")
    provider.metadata = {}
    assert round_trip(browser, provider).status_code == 303, "and is asked anew when it is itself again"


# ── what only this browser can bring back ────────────────────────────────────────────────────


def test_another_browser_cannot_come_back_with_it(browser: Browser, provider: IdentityProvider) -> None:
    address = provider.authorize(go_there(browser))
    victim = Browser(browser.app)
    assert_nobody(victim, come_back(victim, address), "begun elsewhere")
    assert "/token" not in provider.asked


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?code=x&state=x", "?state=%00", "?code=%ff&state=é"]
)
def test_who_was_never_sent_cannot_come_back(browser: Browser, query: str) -> None:
    assert_nobody(browser, browser.get(f"/login/oidc/callback{query}"), "begun elsewhere")


def test_a_code_of_somebody_else_fits_no_challenge_of_ours(
    browser: Browser, provider: IdentityProvider
) -> None:
    mallory = Browser(browser.app)
    stolen = provider.authorize(go_there(mallory)).partition("code=")[2].partition("&")[0]
    mine = provider.authorize(go_there(browser))
    code = mine.partition("code=")[2].partition("&")[0]
    answer = come_back(browser, mine.replace(code, stolen))
    assert_nobody(browser, answer, "did not let you in")


def test_the_same_way_back_opens_nothing_twice(browser: Browser, provider: IdentityProvider) -> None:
    address = provider.authorize(go_there(browser))
    come_back(browser, address)
    browser.post("/logout")
    assert_nobody_again = come_back(browser, address)
    assert "begun elsewhere" in said(assert_nobody_again)
    assert browser.cookie is None


def test_a_round_trip_does_not_take_for_ever(
    browser: Browser, provider: IdentityProvider, monkeypatch
) -> None:
    address = provider.authorize(go_there(browser))
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: int(time.time()) + 700)
    assert "begun elsewhere" in said(come_back(browser, address))


def test_the_cookie_of_the_round_trip_goes_nowhere_else(browser: Browser) -> None:
    sent = browser.get("/login/oidc")
    [cookie] = [one for one in sent.headers.getlist("Set-Cookie") if one.startswith("headwater-login=")]
    for words in ("HttpOnly", "SameSite=Lax", "Path=/login/oidc", "Expires="):
        assert words in cookie
    assert "Set-Cookie" not in browser.get("/login").headers
    secure = Browser(browser.app).client.get("/login/oidc", base_url="https://localhost")
    assert "Secure" in secure.headers["Set-Cookie"]


# ── trouble over there ───────────────────────────────────────────────────────────────────────


def test_who_was_refused_there_is_told_so(browser: Browser, provider: IdentityProvider) -> None:
    provider.refuses = True
    assert_nobody(browser, round_trip(browser, provider), "did not let you in")


def test_a_provider_that_is_away_is_told_in_words(browser: Browser, provider: IdentityProvider) -> None:
    provider.is_away = True
    assert_nobody(browser, browser.get("/login/oidc"), "cannot be reached")
    provider.is_away = False
    address = provider.authorize(go_there(browser))
    provider.is_away = True
    assert_nobody(browser, come_back(browser, address), "cannot be reached")


def test_a_secret_that_does_not_fit_is_told_in_words(provider: IdentityProvider, tmp_path: Path) -> None:
    with opened_app(tmp_path, **{**settings_of(provider), "oidc_client_secret": "wrong"}) as app:
        browser = Browser(app)
        assert_nobody(browser, round_trip(browser, provider), "did not let you in")


@pytest.mark.parametrize("path", ["/login/oidc", "/login/oidc/callback"])
def test_where_there_is_no_provider_there_is_nothing(tmp_path: Path, path: str) -> None:
    with opened_app(tmp_path) as app:
        assert Browser(app).get(path).status_code == 404
        assert "single sign-on" not in Browser(app).get("/login").text
