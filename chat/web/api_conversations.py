"""The routes of conversations: make, list, read, change, delete (WIRE §4)."""

from functools import partial

from flask import Blueprint, Response, jsonify, request

from chat.store import conversations, messages
from chat.store.conversations import Conversation
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.house import house
from chat.web.lists import asked_limit, page_response
from chat.web.shapes import conversation_json
from chat.web.validation import ConversationChange, NewConversation, read_body

api = Blueprint("api_conversations", __name__, url_prefix="/api/conversations")


@api.post("")
def create() -> tuple[Response, int]:
    """Begin an empty conversation."""
    person = access.current_person()
    asked = read_body(NewConversation, optional=True)
    made = house()
    made.rates.count_conversation(person.id)
    fields = asked.model_dump()
    begun = made.store.write(partial(conversations.create, owner=person, now=made.now(), **fields))
    return jsonify(conversation_json(begun)), 201


@api.get("")
def list_own() -> Response:
    """List the caller's conversations, newest first."""
    person = access.current_person()
    limit, after = asked_limit(), request.args.get("after")
    look = partial(conversations.page, owner_id=person.id, limit=limit, after=after)
    items, further = house().store.read(look)
    return page_response(items, conversation_json, further)


@api.get("/<conversation_id>")
def read(conversation_id: str) -> Response:
    """Give one conversation's own fields."""
    return jsonify(conversation_json(access.conversation_or_404(conversation_id, need="read")))


@api.patch("/<conversation_id>")
def change(conversation_id: str) -> Response:
    """Change the fields that are sent, and no other."""
    access.conversation_or_404(conversation_id, need="own")
    fields = read_body(ConversationChange).model_dump(exclude_unset=True)
    pinned, made = fields.pop("pinned", None), house()

    def write(tx: Transaction) -> Conversation:
        if pinned is not None:
            conversations.pin(tx, conversation_id, made.now() if pinned else None)
        return conversations.change(tx, conversation_id, fields)

    return jsonify(conversation_json(made.store.write(write)))


@api.delete("/<conversation_id>")
def delete(conversation_id: str) -> tuple[str, int]:
    """Delete a conversation with its messages, streams and link; what generates in it ends."""
    access.conversation_or_404(conversation_id, need="own")
    made = house()

    def erase(tx: Transaction) -> tuple[bool, str | None]:
        live = messages.live_stream(tx.conn, conversation_id)
        return conversations.delete(tx, made.streams, conversation_id), live

    erased, live = made.store.write(erase)
    if live is not None:
        made.engine.forget(live)  # only now: had the deletion failed, the answer would have gone on
    if not erased:
        raise access.not_found()
    return "", 204
