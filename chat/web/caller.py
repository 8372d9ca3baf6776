"""Who is calling: a person by bearer or cookie, the reader of one shared conversation, or nobody."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import g, request

from chat.store import shares
from chat.store.people import Person
from chat.web.errors import CrossOrigin, Unauthorized
from chat.web.house import house

COOKIE = "headwater"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class LinkReader:
    """Somebody with a share link: may read that one conversation, for as long as the link lives."""

    token: str
    conversation_id: str


Caller = Person | LinkReader


def caller() -> Caller | None:
    """Say who makes this request; worked out once. Raises Unauthorized for a bad bearer, and CrossOrigin.

    A bearer beats the cookie, and a bad one never falls back to it. Tokens in a query are never read.
    """
    if "caller" not in g:
        token = bearer()
        g.caller = by_cookie() if token is None else by_token(token)
    found: Caller | None = g.caller
    return found


def become(who: Caller) -> None:
    """Let the rest of this request be made by `who`."""
    g.caller = who


def bearer() -> str | None:
    """Give the token of `Authorization: Bearer`; None for other schemes, which a proxy may use for itself."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def by_token(token: str) -> Caller:
    """Say whose token this is. Raises Unauthorized."""
    person = house().signer.read(token)
    if person is not None:
        return person
    conversation_id = house().store.read(lambda conn: shares.conversation_of(conn, token))
    if conversation_id is None:
        raise Unauthorized("This token opens nothing here.")
    return LinkReader(token, conversation_id)


def by_cookie() -> Person | None:
    """Say whose cookie came along; None without a good one. Raises CrossOrigin."""
    cookie = request.cookies.get(COOKIE)
    person = house().signer.read(cookie) if cookie else None
    if is_upgrade():
        return person if is_same_origin() else None  # the first frame may still bring a token
    if person is not None and request.method not in SAFE and not is_same_origin():
        raise CrossOrigin
    return person


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
