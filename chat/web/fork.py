"""A copy of one's own of a conversation that one may read: for members, and for who came by a link."""

from flask import Blueprint, Response, jsonify, make_response, redirect, request

from chat.store import copies
from chat.store.conversations import Conversation
from chat.store.people import Person
from chat.web import access
from chat.web.caller import become, call
from chat.web.cookie import page_person
from chat.web.credentials import LinkReader, by_link
from chat.web.errors import NotFound
from chat.web.gate import NUL, is_closed, login_address
from chat.web.house import house
from chat.web.page_view import path_of
from chat.web.shapes import conversation_json
from chat.web.sharing_bodies import NewFork
from chat.web.validation import read_body

forks = Blueprint("forks", __name__)


@forks.post("/s/<token>/fork")
def from_link(token: str) -> Response:
    """Continue what a link shows; who comes the first time gets the cookie of a new person."""
    mine = call()
    found = access.conversation_by_link(token)
    become(mine)  # the link says what may be copied, the cookie for whom
    if is_closed() and mine.standing is None:
        return make_response(redirect(login_address(f"/s/{token}"), code=303))
    return _to_page(_copy(found.id, page_person(), _asked_message()))


@forks.post("/c/<conversation_id>/fork")
def from_page(conversation_id: str) -> Response:
    """Continue in a copy what somebody else shares with this person, or what is theirs anyway."""
    person = page_person()
    found = access.conversation_or_404(conversation_id, need="read")
    return _to_page(_copy(found.id, person, _asked_message()))


@forks.post("/api/conversations/<conversation_id>/fork")
def by_api(conversation_id: str) -> tuple[Response, int]:
    """Make the copy; 404 when `message_id` is not of that conversation."""
    person = access.current_person()
    asked = read_body(NewFork, optional=True)
    if asked.link is None:
        access.conversation_or_404(conversation_id, need="read")
    elif not _opens(asked.link, conversation_id):
        raise NotFound
    return jsonify(conversation_json(_copy(conversation_id, person, asked.message_id))), 201


def _opens(link: str, conversation_id: str) -> bool:
    found = by_link(link)
    return (
        found is not None
        and isinstance(found.who, LinkReader)
        and found.who.conversation_id == conversation_id
    )


def _copy(conversation_id: str, owner: Person, message_id: str | None) -> Conversation:
    made = house()
    made.rates.count_question(owner.id)  # as cheap to ask for, and more to write
    now = made.now()
    try:
        return made.store.write(
            lambda tx: copies.copy(tx, conversation_id, owner=owner, now=now, message_id=message_id)
        )
    except copies.NoSuchMessage as unknown:
        raise NotFound from unknown


def _asked_message() -> str | None:
    message_id = request.form.get("message_id") or None
    if message_id is not None and NUL in message_id:
        raise NotFound
    return message_id


def _to_page(copy: Conversation) -> Response:
    return make_response(redirect(path_of(copy.id), code=303))
