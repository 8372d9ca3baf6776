"""Who is let in before any route looks: nobody nameless into /api, no other site's page, no NUL."""

from urllib.parse import quote

from flask import Flask, Response, make_response, redirect, request

from chat.web.caller import SAFE, bearer, call, caller, is_same_origin, is_upgrade
from chat.web.errors import CrossOrigin, NotFound, SignInRequired, Unauthorized
from chat.web.house import house

NUL = "\x00"

# Of /api, what asks nobody who they are.
OPEN_TO_ALL = frozenset({("POST", "/api/session"), ("GET", "/api/openapi.json"), ("GET", "/api/docs")})
# Of the rest, what people see who have no account where one is required: how to get in, links, files, health.
DOORS = ("/login", "/signup", "/logout", "/s", "/static", "/healthz", "/readyz", "/metrics")


def install(app: Flask) -> None:
    """Let nobody without a name into /api, and no page of another origin act in ours."""
    app.before_request(_refuse_nul)
    app.before_request(_guard)


def _refuse_nul() -> None:
    """Answer for what PostgreSQL cannot even be asked about, before anybody asks it."""
    if NUL in request.path:
        raise NotFound


def _guard() -> Response | None:
    method = "GET" if request.method == "HEAD" else request.method
    if method == "OPTIONS" or (method, request.path) in OPEN_TO_ALL:
        return None
    if request.path.startswith("/api/"):
        _guard_api()
        return None
    if request.method not in SAFE and bearer() is None and not is_same_origin():
        raise CrossOrigin  # with or without a cookie: SameSite holds it back from other sites' forms
    return _guard_page()


def _guard_api() -> None:
    if caller() is None and not is_upgrade():  # a socket may say it in its first frame
        raise SignInRequired if is_closed() else Unauthorized


def _guard_page() -> Response | None:
    """Where accounts are required, send everybody else to where one logs in."""
    if not is_closed() or is_door(request.path) or call().standing is not None:
        return None
    if request.path.endswith("/events"):
        return None  # finds nothing, and says so in a way that ends its coming back
    if request.method not in SAFE or "HX-Request" in request.headers:
        raise SignInRequired  # nobody's form; and a piece of a page is no place to log in
    return make_response(redirect(login_address(here()), code=303))


def is_closed() -> bool:
    """Say whether only people with an account may come."""
    return house().settings.auth == "required"


def is_door(path: str) -> bool:
    """Say whether a page is there for people whom nobody knows yet."""
    return path.startswith(tuple(f"{door}/" for door in DOORS)) or path in DOORS


def here() -> str:
    """Give the address of this request on this server, to come back to."""
    asked = request.query_string.decode("ascii", "ignore")
    return quote(request.path) + (f"?{asked}" if asked else "")


def login_address(back: str) -> str:
    """Give the address where one logs in and comes back."""
    return f"/login?next={quote(back, safe='/')}"
