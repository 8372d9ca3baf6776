"""Who is calling: a person by bearer or cookie, the reader of one shared conversation, or nobody."""

from urllib.parse import urlsplit

from flask import g, request

from chat.store.people import Person
from chat.web.credentials import NOBODY, Call, Caller, by_kept_token, by_link, by_signature
from chat.web.errors import CrossOrigin, SignInRequired, Unauthorized
from chat.web.house import house

COOKIE = "headwater"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def caller() -> Caller | None:
    """Say who makes this request. Raises Unauthorized for a bad bearer, and CrossOrigin.

    A bearer beats the cookie, and a bad one never falls back to it. Tokens in a query are never read.
    """
    return call().who


def call() -> Call:
    """Say who makes this request, by what, and how they stand; worked out once. Raises likewise."""
    if "call" not in g:
        token = bearer()
        g.call = by_cookie() if token is None else by_token(token)
    found: Call = g.call
    return found


def become(new: Call) -> None:
    """Let the rest of this request be made so."""
    g.call = new


def bearer() -> str | None:
    """Give the token of `Authorization: Bearer`; None for other schemes, which a proxy may use for itself."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def by_token(token: str) -> Call:
    """Say whose token this is. Raises Unauthorized."""
    signed = house().signer.open(token)
    found = by_signature(signed) if signed else by_kept_token(token) or by_link(token)
    if found is None:
        raise Unauthorized("This token opens nothing here.")
    return found


def by_cookie() -> Call:
    """Say whose cookie came along; nobody's without a good one. Raises CrossOrigin."""
    cookie = request.cookies.get(COOKIE)
    signed = house().signer.open(cookie) if cookie else None
    if signed is None:
        return NOBODY
    if not is_same_origin():
        if is_upgrade():
            return NOBODY  # the first frame may still bring a token
        if request.method not in SAFE:
            raise CrossOrigin
    try:
        found = by_signature(signed)
    except SignInRequired:
        g.anonymous = signed.person
        return NOBODY  # whom a page sends to where one logs in
    g.signed_out = found is None
    return found or NOBODY


def anonymous_person() -> Person | None:
    """Give who calls if they have no account; also where only accounts may come, to make one of them."""
    standing = call().standing
    if standing is None:
        found: Person | None = g.get("anonymous")
        return found
    return None if standing.has_account else standing.person


def was_signed_out() -> bool:
    """Say whether this browser's cookie was good once, and is no more."""
    call()
    return bool(g.get("signed_out"))


def is_upgrade() -> bool:
    """Say whether this is the handshake of a WebSocket, at the address of one."""
    asks = request.headers.get("Upgrade", "").lower() == "websocket"
    return asks and request.method == "GET" and request.path.endswith("/socket")


def is_same_origin() -> bool:
    """Say whether the browser vouches that one of our own pages sent this (WIRE §1)."""
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    origin = request.headers.get("Origin", "")
    usual_port = PORTS.get(origin.partition(":")[0])
    if usual_port is None:
        return False
    sender = _place(origin, usual_port)
    return sender is not None and sender == _place(f"//{request.host}", usual_port)


def _place(address: str, usual_port: int) -> tuple[str, int] | None:
    """Give host and port; None for what is no address."""
    try:
        parts = urlsplit(address)
        return (parts.hostname, parts.port or usual_port) if parts.hostname else None
    except ValueError:
        return None
