"""What an invitation opens: who invites to what, and a button to join by. Looking changes nothing."""

from functools import partial

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy import Connection

from chat.core.logins import parse_name
from chat.store import conversations, members, people, rights
from chat.store.conversations import Conversation
from chat.store.members import Invitation, TooMany, Uninvited
from chat.store.people import Person
from chat.web import access
from chat.web.cookie import NAMELESS, give_cookie, page_person
from chat.web.errors import ApiError, NotFound
from chat.web.house import house
from chat.web.page_view import path_of, title_of

joining = Blueprint("joining", __name__)

FULL = "This conversation has as many members as it may have."


@joining.get("/i/<token>")
def look(token: str) -> Response:
    """Say what the invitation is for; who is in already is taken there."""
    found = _find(token)
    if found is None:
        raise NotFound
    invitation, conversation, host, is_in = found
    if is_in:
        return _to(conversation)
    person = access.person_or_none()
    shown = {
        "title": title_of(conversation), "host": host, "role": invitation.role,
        "action": f"/i/{token}", "person": person, "nameless": NAMELESS,
    }  # fmt: skip
    return make_response(render_template("join.html", **shown))


@joining.post("/i/<token>")
def join(token: str) -> Response:
    """Become a member; who comes the first time gets the cookie of a new person."""
    if _find(token) is None:  # before anybody gets a cookie for it
        raise NotFound
    person, now = _joiner(), house().now()
    try:
        joined = house().store.write(lambda tx: members.accept(tx, token, person, now))
    except Uninvited as unknown:
        raise NotFound from unknown
    except TooMany as full:
        raise ApiError("too_many", 409, FULL) from full
    return _to(joined)


def _joiner() -> Person:
    """Give the person who joins, under the name that they gave here if they had none."""
    person, name = page_person(), parse_name(request.form.get("name", ""))
    if not name or person.name != NAMELESS:
        return person
    return give_cookie(house().store.write(partial(people.rename, person=Person(person.id, name))))


def _find(token: str) -> tuple[Invitation, Conversation, Person | None, bool] | None:
    person, now = access.person_or_none(), house().now()

    def look(conn: Connection) -> tuple[Invitation, Conversation, Person | None, bool] | None:
        invitation = members.invitation_by(conn, token, now)
        conversation = conversations.get(conn, invitation.conversation_id) if invitation else None
        if invitation is None or conversation is None:
            return None
        whose = rights.of_conversation(conn, conversation.id, person.id if person else None)
        is_owner = person is not None and conversation.owner_id == person.id
        does_enough = whose is not None and whose.role in (invitation.role, "co-driver")
        return invitation, conversation, people.get(conn, conversation.owner_id), is_owner or does_enough

    return house().store.read(look)


def _to(conversation: Conversation) -> Response:
    return make_response(redirect(path_of(conversation.id), code=303))
