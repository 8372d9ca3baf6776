"""Who may do what: every look-up of a conversation or a stream goes through here, and finds or is refused."""

from collections.abc import Callable, Hashable
from typing import Literal

from sqlalchemy import Connection

from chat.store import conversations, documents, rights, shares
from chat.store.conversations import Conversation
from chat.store.document_rights import changeable, readable
from chat.store.documents import Document
from chat.store.people import Person, Standing
from chat.store.rights import Whose
from chat.store.stored import StreamState, state_of
from chat.web.bodies import Permit
from chat.web.caller import become, by_token, call, caller
from chat.web.credentials import Call, Caller, LinkReader, by_link
from chat.web.errors import NotFound, ReadOnly, Unauthorized
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.presence_census import Seat

Need = Literal["read", "ask", "own"]  # each includes those before it
LADDER: tuple[Need, ...] = ("read", "ask", "own")


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


def standing() -> Standing | None:
    """Say how the person who calls stands with this server; None for nobody and for the reader of a link."""
    return call().standing


def require_admin() -> Person:
    """Give the admin who calls. Raises NotFound for everybody else, and for a program that acts for one."""
    found = standing()
    if found is None or not found.is_admin:
        raise NotFound
    return found.person


def is_program() -> bool:
    """Say whether a program calls, with a token that somebody made for it."""
    return call().by_program


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
    who, now = caller(), house().now()

    def look(conn: Connection) -> tuple[Need | None, Conversation | None]:
        right = _right_in(conn, who, conversation_id, now)
        return right, conversations.get(conn, conversation_id) if right else None

    right, conversation = house().store.read(look)
    if conversation is None:
        raise NotFound
    _check(right, need)
    return conversation


def holds(conn: Connection, who: Person, conversation_id: str, need: Need) -> bool:
    """Say in a write of its own whether they (still) may: a body may take minutes to come in."""
    return _suffices(_right(conn, who, rights.of_conversation(conn, conversation_id, who.id), 0.0), need)


def stream_or_404(stream_id: str, need: Need = "read") -> StreamState:
    """Find a stream that the caller may read (or `ask` for, stop, delete). Raises NotFound, ReadOnly."""
    return stream_with_permit(stream_id, need)[0]


def stream_with_permit(stream_id: str, need: Need = "read") -> tuple[StreamState, Permit]:
    """Find a stream likewise, and make the permit for a line that follows it; one look for both."""
    if not stream_id.isascii() or NUL in stream_id:
        raise NotFound  # a socket's JSON may name what no database can be asked for: half a surrogate pair
    called, store, now = call(), house().store, house().now
    who = called.who

    def look(conn: Connection) -> tuple[Need | None, StreamState | None, Whose | None]:
        whose = rights.of_stream(conn, stream_id, _id_of(who))
        right = _right(conn, who, whose, now())
        return right, state_of(conn, stream_id) if right else None, whose

    def look_again(conn: Connection) -> bool:
        return _suffices(_right(conn, who, rights.of_stream(conn, stream_id, _id_of(who)), now()), need)

    right, state, whose = store.read(look)
    if state is None or whose is None:
        raise NotFound
    _check(right, need)
    return state, _permit(called, whose.conversation_id, ("stream", stream_id, need), look_again)


def conversation_by_link(token: str) -> Conversation:
    """Find the conversation that a share link opens; the request goes on as its reader. Raises NotFound."""
    found = by_link(token)
    if found is None or not isinstance(found.who, LinkReader):
        raise NotFound
    become(found)
    return conversation_or_404(found.who.conversation_id, need="read")


def not_found() -> NotFound:
    """Make the answer for what is unknown or foreign."""
    return NotFound()


# ── documents ────────────────────────────────────────────────────────────────────────────────


def document_or_404(document_id: str, need: Literal["read", "change"] = "read") -> Document:
    """Find a document that the caller may open (or `change`). Raises NotFound; ReadOnly, also for a link."""
    person = current_person()

    def look(conn: Connection) -> tuple[Document | None, bool]:
        found = documents.get(conn, document_id, readable(person.id))
        may = need == "read" or documents.get(conn, document_id, changeable(person.id)) is not None
        return found, may

    found, may = house().store.read(look)
    if found is None:
        raise NotFound
    if not may:
        raise ReadOnly
    return found


def may_change_document(document_id: str) -> bool:
    """Say whether the caller may rename and delete a document: what its menu offers them."""
    mine = changeable(current_person().id)
    return house().store.read(lambda conn: documents.get(conn, document_id, mine)) is not None


# ── asked again while a line is open ─────────────────────────────────────────────────────────


def conversation_permit(conversation_id: str, need: Need = "read") -> Permit:
    """Make a question for open lines: may this caller still? It needs no request, and reads a few columns."""
    called, now = call(), house().now

    def look(conn: Connection) -> bool:
        return _suffices(_right_in(conn, called.who, conversation_id, now()), need)

    return _permit(called, conversation_id, ("conversation", conversation_id, need), look)


def person_permit() -> Permit:
    """Make the question for a line that shows what is the caller's own: are they still who they are?"""
    return _permit(call(), None, ("person",), lambda conn: True)


def _permit(
    called: Call, conversation_id: str | None, about: Hashable, look: Callable[[Connection], bool]
) -> Permit:
    """Make the permit of this caller; all open lines that ask the same about them share one look."""
    store = house().store
    topics = (f"access:{conversation_id}",) if conversation_id else ()
    return Permit(
        lambda: store.read(lambda conn: called.still(conn) and look(conn)),
        topics=topics + called.topics,
        question=(called.key, about),
        ends_at=called.who.expires_at if isinstance(called.who, LinkReader) else None,
        seat=Seat(conversation_id, person_or_none()) if conversation_id else None,
    )


# ── the rule ─────────────────────────────────────────────────────────────────────────────────


def right_in(conversation_id: str) -> Need | None:
    """Say the most that the caller may do in a conversation: what its page offers them."""
    return right_of_caller(conversation_id)()


def right_of_caller(conversation_id: str) -> Callable[[], Need | None]:
    """Make that question for open lines: it needs no request."""
    who, made = caller(), house()
    return lambda: made.store.read(lambda conn: _right_in(conn, who, conversation_id, made.now()))


def _right_in(conn: Connection, who: Caller | None, conversation_id: str, now: float) -> Need | None:
    return _right(conn, who, rights.of_conversation(conn, conversation_id, _id_of(who)), now)


def _right(conn: Connection, who: Caller | None, whose: Whose | None, now: float) -> Need | None:
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
            link = shares.opened_by(conn, who.token, now)
            return "read" if link and link.conversation_id == whose.conversation_id else None
    return None


def _id_of(who: Caller | None) -> str | None:
    return who.id if isinstance(who, Person) else None


def _suffices(right: Need | None, need: Need) -> bool:
    return right is not None and LADDER.index(right) >= LADDER.index(need)


def _check(right: Need | None, need: Need) -> None:
    if not _suffices(right, need):
        raise ReadOnly
