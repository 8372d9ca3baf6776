"""The page of who one is: name, password, tokens, and a way out of every browser at once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from re import compile as pattern
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from chat.core.logins import BadPassword, check_new_password, parse_name
from chat.store import accounts, people, tokens
from chat.store.people import Person, Standing
from chat.store.tokens import Token, TooManyTokens
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.account_forms import Refused, count_attempt
from chat.web.cookie import give_cookie, page_person, take_cookie
from chat.web.errors import ApiError, NotFound
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.passwords import hash_password, is_password

pages = Blueprint("account", __name__)

OWN_PAGE = pattern(r"/(?:you|c/\w+)?")  # where the form of a name may send back to
NO_TOKENS = f"You have {tokens.MOST} tokens, which is as many as one may. Revoke one first."
DONE = {
    "password": "Your password is changed. Every other browser is logged out.",
    "revoked": "The token is revoked. Nothing opens with it any more.",
}


class AccountRequired(ApiError):
    """What only somebody with an account has."""

    def __init__(self) -> None:
        super().__init__("account_required", 403, "Only people with an account can do that. Sign up first.")


@dataclass(frozen=True, slots=True)
class Kept:
    """A token, as the page lists it."""

    id: str
    name: str
    made: str
    used: str | None


@pages.get("/you")
def show() -> Response:
    """Show all that one may change about oneself."""
    page_person()
    return _page(done=DONE.get(request.args.get("done", "")))


@pages.post("/name")
def rename() -> Response:
    """Give this person another name, for what they ask from now on. A program may not."""
    _refuse_program()
    person, name = page_person(), parse_name(request.form.get("name", ""))
    if name:  # kept where they are stored, and in the cookie for as long as they are not
        give_cookie(house().store.write(partial(people.rename, person=Person(person.id, name))))
    back = request.form.get("back", "/")
    return _see(back if OWN_PAGE.fullmatch(back) else "/")


@pages.post("/you/password")
def change_password() -> Response:
    """Change the password; whoever holds an older cookie is logged out, this browser is not."""
    standing = current_account()
    try:
        give_cookie(_change_password(standing))
    except Refused as refused:
        return _page(refused)
    return _see(url_for("account.show", done="password"))


def _change_password(standing: Standing) -> Standing:
    account = house().store.read(lambda conn: accounts.of_person(conn, standing.person.id))
    if account is None or account.password_hash is None:
        raise Refused("password", "You have no password here to change.")
    current, wanted = request.form.get("current", ""), request.form.get("password", "")
    count_attempt(account.login, field="current")
    if not is_password(account.password_hash, current):
        raise Refused("current", "That is not your password.", 403)
    try:
        check_new_password(wanted, account.login)
    except BadPassword as bad:
        raise Refused("password", str(bad)) from bad
    hashed = hash_password(wanted)
    return house().store.write(lambda tx: accounts.set_password(tx, standing.person, hashed))


@pages.post("/you/leave")
def leave_everywhere() -> Response:
    """Make every cookie of this person worth nothing, and cut every line that one of them opened."""
    person_id = current_account().person.id
    house().store.write(lambda tx: people.sign_out_everywhere(tx, person_id))
    take_cookie()
    return _see(url_for("entry.login_page"))


# ── tokens ───────────────────────────────────────────────────────────────────────────────────


@pages.post("/you/tokens")
def make_token() -> Response:
    """Make a token and show it this once."""
    standing = current_account()
    name = parse_name(request.form.get("token_name", ""))
    if not name:
        return _page(Refused("token_name", "Say what it is for, to know it again later."))
    try:
        made, secret = new_token(standing, name)
    except TooManyTokens:
        return _page(Refused("token_name", NO_TOKENS))
    return _page(secret=secret, secret_name=made.name)


@pages.post("/you/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> Response:
    """Take a token back; what it opened is cut."""
    take_back(current_account(), token_id)
    return _see(url_for("account.show", done="revoked", _anchor="tokens"))


def new_token(standing: Standing, name: str) -> tuple[Token, str]:
    """Make a token of this person's; its secret is given this once. Raises TooManyTokens."""
    person_id, now = standing.person.id, house().now()
    return house().store.write(lambda tx: tokens.create(tx, person_id, name, now))


def take_back(standing: Standing, token_id: str) -> None:
    """Revoke a token of this person's. Raises NotFound."""
    if NUL in token_id:
        raise NotFound

    def write(tx: Transaction) -> bool:
        return tokens.revoke(tx, standing.person.id, token_id)

    if not house().store.write(write):
        raise NotFound


# ── who may, and what they see ───────────────────────────────────────────────────────────────


def current_account() -> Standing:
    """Say how the caller stands who has an account. Raises ApiError for others, and for programs.

    A token must not be able to make others that outlive it.
    """
    access.current_person()
    standing = access.standing()
    if standing is None or not standing.has_account:
        raise AccountRequired
    _refuse_program()
    return standing


def _refuse_program() -> None:
    """Leave who somebody is to themselves. Raises ApiError for what comes with a token of theirs."""
    if access.is_program():
        raise ApiError("token_not_allowed", 403, "A token cannot do that. Do it in the browser.")


def _see(path: str) -> Response:
    return make_response(redirect(path, code=303))


def _page(refused: Refused | None = None, **more: Any) -> Response:
    standing = access.standing()
    assert standing is not None, "a page is asked for by a person"
    person_id = standing.person.id

    def look(conn: Any) -> tuple[accounts.Account | None, list[Token]]:
        return accounts.of_person(conn, person_id), tokens.of_person(conn, person_id)

    account, kept = house().store.read(look)
    shown = render_template(
        "account_you.html",
        mine=standing,
        refused=refused,
        tokens=[_listed(token) for token in kept],
        typed_token_name=request.form.get("token_name", "") if refused else "",
        has_password=account is not None and account.password_hash is not None,
        oidc_name=house().settings.oidc_name,
        **more,
    )
    return make_response(shown, refused.status if refused else 200, refused.headers if refused else {})


def _listed(token: Token) -> Kept:
    used = token.last_used_at
    return Kept(token.id, token.name, _day(token.created_at), _day(used) if used is not None else None)


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%-d %B %Y")
