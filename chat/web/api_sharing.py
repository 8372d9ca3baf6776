"""The routes that share a conversation: its link, its invitations, its members."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import Connection

from chat.store import members, people, shares
from chat.store.members import Invitation, Member, TooMany, Uninvited
from chat.store.people import Person
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.errors import ApiError, NotFound
from chat.web.house import house
from chat.web.lists import page_response
from chat.web.shapes import conversation_json, person_json, time_json
from chat.web.sharing_bodies import Acceptance, NewInvitation, NewShare, RoleChange
from chat.web.validation import read_body

api = Blueprint("api_sharing", __name__, url_prefix="/api")

HERE = "/conversations/<conversation_id>"


# ── the live link ────────────────────────────────────────────────────────────────────────────


@api.post(f"{HERE}/share")
def share(conversation_id: str) -> tuple[Response, int]:
    """Make the one live read-only link; the link before it opens nothing any more."""
    access.conversation_or_404(conversation_id, need="own")
    now, expires_at = house().now(), _end(read_body(NewShare, optional=True).expires_in)
    write = partial(shares.create, conversation_id=conversation_id, now=now, expires_at=expires_at)
    token = house().store.write(write)
    return jsonify(url=f"{request.url_root}s/{token}", token=token, expires_at=_time(expires_at)), 201


@api.get(f"{HERE}/share")
def read_share(conversation_id: str) -> Response:
    """Say since when there is a link, and until when; never its token. 404 where there is none."""
    access.conversation_or_404(conversation_id, need="own")
    now = house().now()
    link = house().store.read(lambda conn: shares.link_of(conn, conversation_id, now))
    if link is None:
        raise NotFound
    return jsonify(created_at=time_json(link.created_at), expires_at=_time(link.expires_at))


@api.delete(f"{HERE}/share")
def unshare(conversation_id: str) -> tuple[str, int]:
    """Take the link back: who reads through it is cut off."""
    access.conversation_or_404(conversation_id, need="own")
    return _done(house().store.write(partial(shares.revoke, conversation_id=conversation_id)))


# ── invitations ──────────────────────────────────────────────────────────────────────────────


@api.post(f"{HERE}/invitations")
def invite(conversation_id: str) -> tuple[Response, int]:
    """Make an invitation; its token is given this once."""
    access.conversation_or_404(conversation_id, need="own")
    asked, now = read_body(NewInvitation), house().now()
    expires_at = _end(asked.expires_in)

    def write(tx: Transaction) -> tuple[Invitation, str]:
        return members.invite(tx, conversation_id, asked.role, now, expires_at)

    try:
        made, token = house().store.write(write)
    except TooMany as full:
        raise _full("invitations") from full
    return jsonify(**invitation_json(made), url=f"{request.url_root}i/{token}", token=token), 201


@api.get(f"{HERE}/invitations")
def list_invitations(conversation_id: str) -> Response:
    """List the invitations that still let people in, without their tokens."""
    access.conversation_or_404(conversation_id, need="own")
    now = house().now()
    found = house().store.read(lambda conn: members.invitations_of(conn, conversation_id, now))
    return page_response(found, invitation_json, None)


@api.delete(f"{HERE}/invitations/<invitation_id>")
def withdraw(conversation_id: str, invitation_id: str) -> tuple[str, int]:
    """Take an invitation back; who joined by it stays."""
    access.conversation_or_404(conversation_id, need="own")
    return _done(house().store.write(lambda tx: members.withdraw(tx, conversation_id, invitation_id)))


@api.post("/invitations/accept")
def accept() -> Response:
    """Join; twice is harmless."""
    person = access.current_person()
    token, now = read_body(Acceptance).token, house().now()
    try:
        joined = house().store.write(lambda tx: members.accept(tx, token, person, now))
    except Uninvited as unknown:
        raise NotFound from unknown
    except TooMany as full:
        raise _full("members") from full
    return jsonify(conversation_json(joined))


# ── members ──────────────────────────────────────────────────────────────────────────────────


@api.get(f"{HERE}/members")
def list_members(conversation_id: str) -> Response:
    """List who has this conversation among their own, its owner first; not for readers of a link."""
    access.current_person()
    found = access.conversation_or_404(conversation_id, need="read")

    def look(conn: Connection) -> tuple[Person | None, list[Member]]:
        return people.get(conn, found.owner_id), members.of(conn, conversation_id)

    owner, those = house().store.read(look)
    first = {**person_json(owner), "role": "owner", "since": time_json(found.created_at)} if owner else None
    return page_response([*filter(None, [first]), *map(member_json, those)], lambda shaped: shaped, None)


@api.patch(f"{HERE}/members/<person_id>")
def change(conversation_id: str, person_id: str) -> Response:
    """Let a member do more, or less, from now on."""
    access.conversation_or_404(conversation_id, need="own")
    role = read_body(RoleChange).role

    def write(tx: Transaction) -> Member | None:
        members.set_role(tx, conversation_id, person_id, role)
        return next((one for one in members.of(tx.conn, conversation_id) if one.person.id == person_id), None)

    changed = house().store.write(write)
    if changed is None:
        raise NotFound
    return jsonify(member_json(changed))


@api.delete(f"{HERE}/members/<person_id>")
def remove(conversation_id: str, person_id: str) -> tuple[str, int]:
    """Let a member go, for the owner; leave, for the member."""
    leaves = access.current_person().id == person_id
    access.conversation_or_404(conversation_id, need="read" if leaves else "own")
    return _done(house().store.write(lambda tx: members.remove(tx, conversation_id, person_id)))


# ── shapes ───────────────────────────────────────────────────────────────────────────────────


def member_json(member: Member) -> dict[str, Any]:
    return {**person_json(member.person), "role": member.role, "since": time_json(member.since)}


def invitation_json(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "role": invitation.role,
        "created_at": time_json(invitation.created_at),
        "expires_at": _time(invitation.expires_at),
    }


def _end(seconds: int | None) -> float | None:
    return None if seconds is None else house().now() + seconds


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else time_json(seconds)


def _full(what: str) -> ApiError:
    return ApiError("too_many", 409, f"This conversation has as many {what} as it may have.")


def _done(done: bool) -> tuple[str, int]:
    if not done:
        raise NotFound
    return "", 204
