"""The page's cookie: a person for every browser, signed, stored nowhere until they write."""

from flask import Flask, Response, g, request

from chat.store.people import Person
from chat.web.access import person_or_none
from chat.web.caller import COOKIE, become
from chat.web.errors import ApiError
from chat.web.house import house
from chat.web.ids import new_id

SECONDS = 400 * 24 * 3600  # the longest that browsers keep any
REFRESH = 30 * 24 * 3600  # a cookie older than this is signed anew, so that who comes back stays known
NAMELESS = "Guest"


def install(app: Flask) -> None:
    """Send the cookie with the answer to whoever got a new one."""
    app.after_request(_send)


def page_person() -> Person:
    """Give the person of this browser; make one, and send the cookie, for who comes the first time.

    Raises ApiError (403) when the server lets no new people in.
    """
    person = person_or_none()
    if person is None:
        return give_cookie(newcomer(NAMELESS))
    age = house().signer.age(request.cookies.get(COOKIE, ""), house().now())
    return give_cookie(person) if age is not None and age > REFRESH else person


def newcomer(name: str) -> Person:
    """Make a new person. Raises ApiError (403) when the server lets none in."""
    admit()
    return Person(new_id(), name)


def admit() -> None:
    """Raise ApiError (403) when the server lets no new people in."""
    if house().settings.auth == "required":
        raise ApiError("sign_in_required", 403, "This server lets in known people only.")


def give_cookie(person: Person) -> Person:
    """Let this browser be that person from the next request on, and this one too."""
    g.new_cookie = house().signer.sign(person)
    become(person)
    return person


def _send(response: Response) -> Response:
    token = g.pop("new_cookie", None)
    if token is not None:
        response.set_cookie(
            COOKIE, token, max_age=SECONDS, path="/", httponly=True, samesite="Lax", secure=request.is_secure
        )
        response.headers.setdefault("Cache-Control", "no-store")
    return response
