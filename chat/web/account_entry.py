"""How somebody becomes known here: sign up, log in, log out. What was typed comes back with what is wrong."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from chat.core.logins import BadLogin, BadPassword, check_new_password, parse_login, parse_name
from chat.store import accounts, joining, people
from chat.store.accounts import HasAccount, LoginTaken
from chat.store.people import Person, Standing
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.account_forms import Refused, count_attempt
from chat.web.caller import anonymous_person
from chat.web.cookie import NAMELESS, give_cookie, take_cookie
from chat.web.gate import is_closed
from chat.web.house import house
from chat.web.ids import new_id
from chat.web.local_path import local_path
from chat.web.passwords import hash_password, is_password

entry = Blueprint("entry", __name__)

SHOWN = ("/c/", "/s/", "/join/")  # pages that may be somebody's, where a link to log in stands
WRONG = "That login and password do not belong together."
TAKEN = "Somebody has this login already. If it is you, log in."
DISABLED = "This account has been closed. Ask whoever runs this server."
CLOSED = "Nobody can sign up here. Whoever runs this server makes accounts."


# ── sign up ──────────────────────────────────────────────────────────────────────────────────


@entry.get("/signup")
def signup_page() -> Response:
    """Show where one makes an account."""
    return onward() if has_account() else show_form("signup")


@entry.post("/signup")
def sign_up() -> Response:
    """Make an account of who this browser is: all they have stays theirs."""
    if has_account():
        return onward()
    try:
        give_cookie(_make_account())
    except Refused as refused:
        return show_form("signup", refused)
    return onward()


def _make_account() -> Standing:
    if house().settings.signup == "closed":
        raise Refused("login", CLOSED, 403)
    login, password = _read_login(), request.form.get("password", "")
    count_attempt(login)
    try:
        check_new_password(password, login)
    except BadPassword as bad:
        raise Refused("password", str(bad)) from bad
    who, now, hashed = _whoever_this_is(), house().now(), hash_password(password)
    person = Person(who.id, parse_name(request.form.get("name", "")) or who.name)
    try:
        return house().store.write(lambda tx: accounts.create(tx, person, login, hashed, now))
    except LoginTaken as taken:
        raise Refused("login", TAKEN) from taken
    except HasAccount as twice:  # the form was sent twice at once
        raise Refused("login", "You have an account already. Log in.", 409) from twice


def _whoever_this_is() -> Person:
    """Give the anonymous person of this browser, or somebody new."""
    return anonymous_person() or Person(new_id(), NAMELESS)


# ── log in ───────────────────────────────────────────────────────────────────────────────────


@entry.get("/login")
def login_page() -> Response:
    """Show where one logs in."""
    return onward() if has_account() else show_form("login")


@entry.post("/login")
def log_in() -> Response:
    """Be who one is elsewhere; what was written in this browser before comes along."""
    try:
        person_id = _whose_password()
        enter(person_id)
    except Refused as refused:
        return show_form("login", refused)
    return onward()


def _whose_password() -> str:
    """Give the person whose login and password these are; unknown and wrong are told alike, and as late."""
    login, password = _read_login(), request.form.get("password", "")
    count_attempt(login)
    account = house().store.read(lambda conn: accounts.by_login(conn, login))
    if not is_password(account.password_hash if account else None, password) or account is None:
        raise Refused("password", WRONG, 401)
    return account.person_id


def enter(person_id: str) -> None:
    """Let this browser be the person of an account, who takes along what was written here. Raises Refused."""
    leaving = anonymous_person()

    def write(tx: Transaction) -> Standing:
        found = people.standing(tx.conn, Person(person_id, NAMELESS))
        if leaving is not None and not found.is_disabled:
            joining.join(tx, leaving.id, person_id)
        return found

    found = house().store.write(write)
    if found.is_disabled:
        raise Refused("login", DISABLED, 403)
    give_cookie(found)


# ── log out ──────────────────────────────────────────────────────────────────────────────────


@entry.post("/logout")
def log_out() -> Response:
    """Let this browser forget who it was, and what it kept for them."""
    take_cookie()
    response = make_response(redirect(url_for("entry.login_page"), code=303))
    response.headers["Clear-Site-Data"] = '"storage"'  # drafts
    return response


# ── what the forms say and are told ──────────────────────────────────────────────────────────


def has_account() -> bool:
    """Say whether the caller is somebody with an account."""
    standing = access.standing()
    return standing is not None and standing.has_account


def _read_login() -> str:
    try:
        return parse_login(request.form.get("login", ""))
    except BadLogin as bad:
        raise Refused("login", str(bad)) from bad


def onward() -> Response:
    """Go where `next` says, if that is on this server."""
    return make_response(redirect(local_path(wanted()), code=303))


def wanted() -> str:
    """Give the page to come back to: what `next` says, else where the link to here was followed.

    A page that says "nothing here" names no address: it is the same for what is another's and what is not.
    """
    said = request.values.get("next")
    came_from = request.referrer or ""
    if said is None and request.method == "GET" and came_from.startswith(request.host_url):
        came_from = came_from.removeprefix(request.host_url.rstrip("/"))
        return came_from if came_from.startswith(SHOWN) else ""
    return said or ""


def show_form(page: str, refused: Refused | None = None) -> Response:
    """Show a form, with what was typed in it; never the password."""
    settings = house().settings
    typed = {name: request.form.get(name, "") for name in ("login", "name")}
    shown = render_template(
        f"account_{page}.html",
        typed=typed,
        refused=refused,
        next=local_path(wanted(), ""),
        open_signup=settings.signup == "open",
        oidc_name=settings.oidc_name if settings.oidc_issuer else None,
        required=is_closed(),
    )
    return make_response(shown, refused.status if refused else 200, refused.headers if refused else {})
