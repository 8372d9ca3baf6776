"""Who may do what: every look-up of a conversation or a stream goes through here, and finds or is refused."""

from typing import Literal

from flask import Flask, request
from sqlalchemy import Connection

from chat.store import conversations, rights, shares
from chat.store.conversations import Conversation
from chat.store.people import Person
from chat.store.rights import Whose
from chat.store.stored import StreamState, state_of
from chat.web.bodies import Permit
from chat.web.caller import (
    SAFE,
    Caller,
    LinkReader,
    bearer,
    become,
    by_token,
    caller,
    is_same_origin,
    is_upgrade,
)
from chat.web.errors import CrossOrigin, NotFound, ReadOnly, Unauthorized
from chat.web.house import house

Need = Literal["read", "ask", "own"]  # each includes those before it
LADDER: tuple[Need, ...] = ("read", "ask", "own")
NUL = "\x00"

# Of /api, what asks nobody who they are.
OPEN_TO_ALL = frozenset({("POST", "/api/session"), ("GET", "/api/openapi.json"), ("GET", "/api/docs")})


def install(app: Flask) -> None:
    """Let nobody without a name into /api, and no page of another origin act in ours."""
    app.before_request(_refuse_nul)
    app.before_request(_guard)


def _refuse_nul() -> None:
    """Answer for what PostgreSQL cannot even be asked about, before anybody asks it."""
    if NUL in request.path:
        raise NotFound


def _guard() -> None:
    method = "GET" if request.method == "HEAD" else request.method
    if method == "OPTIONS" or (method, request.path) in OPEN_TO_ALL:
        return
    if request.path.startswith("/api/"):
        if caller() is None and not is_upgrade():  # a socket may say it in its first frame
            raise Unauthorized
    elif request.method not in SAFE and bearer() is None and not is_same_origin():
        raise CrossOrigin  # with or without a cookie: SameSite holds it back from other sites' forms


# ── people ───────────────────────────────────────────────────────────────────────────────────


def current_person() -> Person:
    """Give the person who calls. Raises Unauthorized, and ReadOnly for the reader of a link."""
    match caller():
        case Person() as person:
            return person
        case LinkReader():
            raise ReadOnly
    raise Unauthorized


def person_or_none() -> Person | None:
    """Give the person who calls; None for nobody and for the reader of a link."""
    who = caller()
    return who if isinstance(who, Person) else None


def is_named() -> bool:
    """Say whether the caller has said who they are."""
    return caller() is not None


def name_by_token(token: str) -> None:
    """Let a socket's first frame say who calls. Raises Unauthorized."""
    become(by_token(token))


def check_socket_handshake(conversation_id: str) -> None:
    """Refuse a socket before its upgrade: 401 for a bad bearer, 404 for what a named caller may not see."""
    if is_named():
        conversation_or_404(conversation_id, need="read")


# ── conversations and streams ────────────────────────────────────────────────────────────────


def conversation_or_404(conversation_id: str, need: Need = "read") -> Conversation:
    """Find a conversation that the caller may read (`ask` in, `own`). Raises NotFound, ReadOnly."""
    who = caller()

    def look(conn: Connection) -> tuple[Need | None, Conversation | None]:
        right = _right_in(conn, who, conversation_id)
        return right, conversations.get(conn, conversation_id) if right else None

    right, conversation = house().store.read(look)
    if conversation is None:
        raise NotFound
    _check(right, need)
    return conversation


def stream_or_404(stream_id: str, need: Need = "read") -> StreamState:
    """Find a stream that the caller may read (or `ask` for, stop, delete). Raises NotFound, ReadOnly."""
    return stream_with_permit(stream_id, need)[0]


def stream_with_permit(stream_id: str, need: Need = "read") -> tuple[StreamState, Permit]:
    """Find a stream likewise, and make the permit for a line that follows it; one look for both."""
    if not stream_id.isascii() or NUL in stream_id:
        raise NotFound  # a socket's JSON may name what no database can be asked for: half a surrogate pair
    who, store = caller(), house().store

    def look(conn: Connection) -> tuple[Need | None, StreamState | None, Whose | None]:
        whose = rights.of_stream(conn, stream_id, _id_of(who))
        right = _right(conn, who, whose)
        return right, state_of(conn, stream_id) if right else None, whose

    def look_again(conn: Connection) -> bool:
        return _suffices(_right(conn, who, rights.of_stream(conn, stream_id, _id_of(who))), need)

    right, state, whose = store.read(look)
    if state is None or whose is None:
        raise NotFound
    _check(right, need)
    topic = f"access:{whose.conversation_id}" if whose.conversation_id else None
    return state, Permit(lambda: store.read(look_again), topic)


def conversation_by_link(token: str) -> Conversation:
    """Find the conversation that a share link opens; the request goes on as its reader. Raises NotFound."""
    conversation_id = house().store.read(lambda conn: shares.conversation_of(conn, token))
    if conversation_id is None:
        raise NotFound
    become(LinkReader(token, conversation_id))
    return conversation_or_404(conversation_id, need="read")


def not_found() -> NotFound:
    """Make the answer for what is unknown or foreign."""
    return NotFound()


# ── asked again while a line is open ─────────────────────────────────────────────────────────


def conversation_permit(conversation_id: str, need: Need = "read") -> Permit:
    """Make a question for open lines: may this caller still? It needs no request, and reads a few columns."""
    who, store = caller(), house().store

    def look(conn: Connection) -> bool:
        return _suffices(_right_in(conn, who, conversation_id), need)

    return Permit(lambda: store.read(look), f"access:{conversation_id}")


# ── the rule ─────────────────────────────────────────────────────────────────────────────────


def right_in(conversation_id: str) -> Need | None:
    """Say the most that the caller may do in a conversation: what its page offers them."""
    who = caller()
    return house().store.read(lambda conn: _right_in(conn, who, conversation_id))


def _right_in(conn: Connection, who: Caller | None, conversation_id: str) -> Need | None:
    return _right(conn, who, rights.of_conversation(conn, conversation_id, _id_of(who)))


def _right(conn: Connection, who: Caller | None, whose: Whose | None) -> Need | None:
    """Say the most that this caller may do with what belongs so; None: it does not exist for them."""
    if whose is None:
        return None
    match who:
        case Person() if who.id == whose.owner_id:
            return "own"
        case Person() if whose.role is not None:
            return "ask" if whose.role == "co-driver" else "read"
        case LinkReader() if whose.conversation_id is not None:
            # Asked of the table each time: a link that was taken back opens nothing from then on.
            return "read" if shares.conversation_of(conn, who.token) == whose.conversation_id else None
    return None


def _id_of(who: Caller | None) -> str | None:
    return who.id if isinstance(who, Person) else None


def _suffices(right: Need | None, need: Need) -> bool:
    return right is not None and LADDER.index(right) >= LADDER.index(need)


def _check(right: Need | None, need: Need) -> None:
    if not _suffices(right, need):
        raise ReadOnly
