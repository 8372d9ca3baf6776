"""Members: people who have somebody else's conversation among their own, and the invitations they came by."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, exists, func, insert, or_, select, update

from chat.store import conversations as conversations_room
from chat.store import people as people_room
from chat.store.conversations import Conversation, ConversationGone, from_row
from chat.store.paging import check_limit, key_of, mark
from chat.store.people import Person
from chat.store.rights import Role
from chat.store.shares import token_hash
from chat.store.tables import conversations, invitations, members, people
from chat.store.transaction import Transaction

MOST_INVITATIONS = 50  # open at a time in one conversation
MOST_MEMBERS = 200


class TooMany(Exception):
    """This conversation has as many invitations, or members, as it may have."""


class Uninvited(LookupError):
    """This token invites nobody: it was taken back, is over, or never was one."""


@dataclass(frozen=True, slots=True)
class Member:
    """Who has a conversation among their own without owning it."""

    person: Person
    role: Role
    since: float


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that makes members; its token is known only to whoever was given it."""

    id: str
    conversation_id: str
    role: Role
    created_at: float
    expires_at: float | None


# ── who is there ─────────────────────────────────────────────────────────────────────────────


def of(conn: Connection, conversation_id: str) -> list[Member]:
    """List the members of a conversation, who came first first; its owner is none."""
    joined = members.join(people, people.c.id == members.c.person_id)
    columns = (members.c.person_id, people.c.name, members.c.role, members.c.created_at)
    query = select(*columns).select_from(joined).where(members.c.conversation_id == conversation_id)
    rows = conn.execute(query.order_by(members.c.created_at, members.c.person_id)).all()
    return [Member(Person(row.person_id, row.name), row.role, row.created_at) for row in rows]


def conversations_of(
    conn: Connection, person_id: str, limit: int = 50, after: str | None = None
) -> tuple[list[Conversation], str | None]:
    """List what others share with a person, newest first, and the mark of the next page. Raises BadPage."""
    check_limit(limit)
    query = select(conversations).join(members, members.c.conversation_id == conversations.c.id)
    query = query.where(members.c.person_id == person_id, conversations.c.discarded_at.is_(None))
    if after is not None:
        updated_at, seq = key_of(after, float, int)
        same_instant = and_(conversations.c.updated_at == updated_at, conversations.c.seq < seq)
        query = query.where(or_(conversations.c.updated_at < updated_at, same_instant))
    newest_first = query.order_by(conversations.c.updated_at.desc(), conversations.c.seq.desc())
    rows = conn.execute(newest_first.limit(limit + 1)).all()
    more = len(rows) > limit
    items = [from_row(row) for row in rows[:limit]]
    return items, mark(rows[limit - 1].updated_at, rows[limit - 1].seq) if more else None


def set_role(tx: Transaction, conversation_id: str, person_id: str, role: Role) -> bool:
    """Give a member another role from this commit on; False when they are no member."""
    found = tx.execute(update(members).where(_is(conversation_id, person_id)).values(role=role))
    if found.rowcount:
        _tell(tx, conversation_id, person_id)
    return found.rowcount > 0


def remove(tx: Transaction, conversation_id: str, person_id: str) -> bool:
    """Let a member go, by the owner's will or their own; their open lines are told. False: they were none."""
    found = tx.execute(delete(members).where(_is(conversation_id, person_id)))
    if found.rowcount:
        _tell(tx, conversation_id, person_id)
    return found.rowcount > 0


# ── invitations ──────────────────────────────────────────────────────────────────────────────


def invite(
    tx: Transaction, conversation_id: str, role: Role, now: float, expires_at: float | None = None
) -> tuple[Invitation, str]:
    """Make an invitation, and the token that is never seen again. Raises ConversationGone, TooMany."""
    if not conversations_room.hold(tx, conversation_id):
        raise ConversationGone(conversation_id)
    tx.execute(delete(invitations).where(_here(conversation_id), ~_is_open(now)))
    if _count(tx.conn, invitations.c.id, _here(conversation_id)) >= MOST_INVITATIONS:
        raise TooMany("invitations")
    token = secrets.token_urlsafe(24)
    made = Invitation(secrets.token_hex(12), conversation_id, role, now, expires_at)
    row = {
        "id": made.id, "conversation_id": conversation_id, "role": role, "token_hash": token_hash(token),
        "created_at": now, "expires_at": expires_at,
    }  # fmt: skip
    tx.execute(insert(invitations).values(row))
    return made, token


def invitations_of(conn: Connection, conversation_id: str, now: float) -> list[Invitation]:
    """List the invitations that still let people in, oldest first."""
    query = select(invitations).where(_here(conversation_id), _is_open(now))
    rows = conn.execute(query.order_by(invitations.c.created_at, invitations.c.id)).all()
    return [_invitation(row) for row in rows]


def invitation_by(conn: Connection, token: str, now: float) -> Invitation | None:
    """Find what this token invites to; None for every other string. Never raises."""
    row = conn.execute(_by(token, now)).one_or_none()
    return _invitation(row) if row else None


def withdraw(tx: Transaction, conversation_id: str, invitation_id: str) -> bool:
    """Take an invitation back: nobody else comes by it. False when there was none."""
    this = and_(_here(conversation_id), invitations.c.id == invitation_id)
    return tx.execute(delete(invitations).where(this)).rowcount > 0


def accept(tx: Transaction, token: str, person: Person, now: float) -> Conversation:
    """Make this person a member by the invitation, and give the conversation. Doing it twice is harmless.

    The owner stays the owner, and who may do more already keeps that. Raises Uninvited, TooMany.
    """
    row = tx.execute(_by(token, now)).one_or_none()
    if row is None or not conversations_room.hold(tx, row.conversation_id):
        raise Uninvited
    found = conversations_room.get(tx.conn, row.conversation_id)
    # Once more, now that the conversation is held: it may have been taken back since.
    if found is None or tx.execute(_by(token, now)).one_or_none() is None:
        raise Uninvited
    if found.owner_id != person.id:
        _admit(tx, found.id, person, row.role, now)
    return found


def _admit(tx: Transaction, conversation_id: str, person: Person, role: Role, now: float) -> None:
    has = tx.execute(select(members.c.role).where(_is(conversation_id, person.id))).scalar_one_or_none()
    if has is None:
        if _count(tx.conn, members.c.person_id, members.c.conversation_id == conversation_id) >= MOST_MEMBERS:
            raise TooMany("members")
        people_room.ensure(tx, person, now)
        row = {"conversation_id": conversation_id, "person_id": person.id, "role": role, "created_at": now}
        tx.execute(insert(members).values(row))
        _tell(tx, conversation_id, person.id)
    elif role == "co-driver" and has != role:
        set_role(tx, conversation_id, person.id, role)


# ── small words ──────────────────────────────────────────────────────────────────────────────


def _tell(tx: Transaction, conversation_id: str, person_id: str) -> None:
    """Wake who has to look again: open lines, the lists of that person, and who shows who is there."""
    tx.ring(f"access:{conversation_id}")
    tx.ring(f"person:{person_id}")
    tx.ring(f"presence:{conversation_id}")


def _is(conversation_id: str, person_id: str) -> Any:
    return and_(members.c.conversation_id == conversation_id, members.c.person_id == person_id)


def _here(conversation_id: str) -> Any:
    return invitations.c.conversation_id == conversation_id


def _is_open(now: float) -> Any:
    return or_(invitations.c.expires_at.is_(None), invitations.c.expires_at > now)


def _by(token: str, now: float) -> Select[Any]:
    there = exists().where(
        conversations.c.id == invitations.c.conversation_id, conversations.c.discarded_at.is_(None)
    )
    return select(invitations).where(invitations.c.token_hash == token_hash(token), _is_open(now), there)


def _count(conn: Connection, column: Any, where: Any) -> int:
    return int(conn.execute(select(func.count(column)).where(where)).scalar_one())


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(row.id, row.conversation_id, row.role, row.created_at, row.expires_at)
