"""Log in at an OpenID Connect provider: there, and back as somebody with an account here."""

from hashlib import sha256

from flask import Blueprint, Flask, Response, make_response, redirect, request, session, url_for
from sqlalchemy.exc import IntegrityError

from chat.core.logins import BadLogin, parse_login
from chat.store import accounts
from chat.store.people import Person, Standing
from chat.store.transaction import Transaction
from chat.web import oidc_provider
from chat.web.account_entry import enter, has_account, onward, show_form
from chat.web.account_forms import Refused
from chat.web.caller import anonymous_person
from chat.web.cookie import NAMELESS, give_cookie
from chat.web.house import house
from chat.web.ids import new_id
from chat.web.local_path import local_path
from chat.web.oidc_provider import Identity, NotLetIn

pages = Blueprint("oidc", __name__, url_prefix="/login/oidc")

LOGIN_KEPT = 240  # characters of what the provider calls somebody: a number may follow


def install(app: Flask) -> None:
    """Know the provider that the settings name, and the way there and back."""
    with app.app_context():
        oidc_provider.install(app, house(), str(pages.url_prefix))
    app.register_blueprint(pages)


@pages.get("")
def begin() -> Response:
    """Send the browser to the provider, with what only this browser can bring back."""
    if has_account():
        return onward()
    session.clear()  # one round trip at a time
    session.permanent = True  # which means: not for longer than a round trip may take
    session["next"] = local_path(request.args.get("next"))
    try:
        return oidc_provider.send_there(url_for("oidc.callback", _external=True))
    except NotLetIn as error:
        return _told(error)


@pages.get("/callback")
def callback() -> Response:
    """Take in who comes back: the person they are here, or this browser's, who has an account from now on."""
    wanted = local_path(session.get("next"))
    try:
        take_in(oidc_provider.who_came_back())
    except NotLetIn as error:
        return _told(error)
    except Refused as refused:
        return show_form("login", refused)
    finally:
        session.clear()
    return make_response(redirect(wanted, code=303))


def take_in(identity: Identity) -> None:
    """Let this browser be the person of an identity, who is made if there is none yet. Raises Refused."""
    known = _person_of(identity)
    if known is None:
        try:
            give_cookie(_make_account(identity))
        except (IntegrityError, accounts.LoginTaken, accounts.HasAccount):  # the same came twice at once
            known = _person_of(identity)
            if known is None:
                raise
    if known is not None:
        enter(known)


def _person_of(identity: Identity) -> str | None:
    return house().store.read(lambda conn: accounts.by_identity(conn, identity.issuer, identity.subject))


def _make_account(identity: Identity) -> Standing:
    """Make an account of who this browser is. Nobody is found by an e-mail address: only by who they are."""
    who, now, wanted = anonymous_person(), house().now(), login_of(identity)
    name = who.name if who and who.name != NAMELESS else identity.name or NAMELESS
    person = Person(who.id if who else new_id(), name)

    def write(tx: Transaction) -> Standing:
        made = accounts.create(tx, person, accounts.free_login(tx.conn, wanted), None, now)
        accounts.add_identity(tx, person.id, identity.issuer, identity.subject, now)
        return made

    return house().store.write(write)


def login_of(identity: Identity) -> str:
    """Name the account of an identity, in words of the provider where they will do."""
    try:
        return parse_login(identity.login[:LOGIN_KEPT])
    except BadLogin:
        said = f"{identity.issuer}\n{identity.subject}"
        return f"sso-{sha256(said.encode()).hexdigest()[:8]}"


def _told(error: NotLetIn) -> Response:
    return show_form("login", Refused("oidc", str(error), error.status))
