"""The page's cookie: a person for every browser, signed, stored nowhere until they write."""

from flask import Flask, Response, g, request

from chat.store.people import Person, Standing
from chat.web.caller import COOKIE, SAFE, bearer, become, call, was_signed_out
from chat.web.credentials import NOBODY, Call, call_of
from chat.web.errors import SignedOut, SignInRequired
from chat.web.gate import is_closed
from chat.web.house import house
from chat.web.ids import new_id

SECONDS = 400 * 24 * 3600  # the longest that browsers keep any
REFRESH = 30 * 24 * 3600  # a cookie older than this is signed anew, so that who comes back stays known
NAMELESS = "Guest"


def install(app: Flask) -> None:
    """Send the cookie with the answer to whoever got a new one."""
    app.after_request(_send)
    app.jinja_env.globals.update(standing=lambda: call().standing, is_known=_is_known)


def page_person() -> Person:
    """Give the person of this browser; make one, and send the cookie, for who comes the first time.

    Raises ApiError (401) when the server lets no new people in, and for a form of who was signed out.
    """
    standing = call().standing
    if standing is None:
        if was_signed_out() and request.method not in SAFE:
            raise SignedOut  # what they typed must not become somebody else's
        return give_cookie(Standing(newcomer(NAMELESS)))
    age = house().signer.age(request.cookies.get(COOKIE, ""), house().now())
    if age is not None and age > REFRESH:
        give_cookie(standing)
    return standing.person


def newcomer(name: str) -> Person:
    """Make a new person. Raises ApiError when the server lets none in."""
    if is_closed():
        raise SignInRequired
    return Person(new_id(), name)


def give_cookie(standing: Standing) -> Person:
    """Let this browser be that person from the next request on, and this one too.

    Who comes with a bearer is no browser: a program's token must not grow into a cookie, which may more.
    """
    if bearer() is None:
        g.new_cookie = house().signer.sign(standing.person, standing.generation)
    become(call_of(standing))
    return standing.person


def take_cookie() -> None:
    """Let this browser be nobody from the next request on."""
    g.new_cookie = ""
    become(NOBODY)


def _is_known() -> bool:
    """Say whether an account has been found for this request; looks no further, for an error may be why."""
    found: Call | None = g.get("call")
    return found is not None and found.standing is not None and found.standing.has_account


def _send(response: Response) -> Response:
    token = g.pop("new_cookie", None)
    if token is not None:
        response.set_cookie(
            COOKIE,
            token,
            max_age=SECONDS if token else 0,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
        response.headers.setdefault("Cache-Control", "no-store")
    return response
