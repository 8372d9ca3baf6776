"""The routes of messages: the history, a question, another answer to it (WIRE §4)."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, request

from chat.store import messages
from chat.store.conversations import Conversation
from chat.store.messages import BEGINNING, Asked
from chat.web import access
from chat.web.house import house
from chat.web.limits_ask import admission
from chat.web.lists import asked_limit, page_response
from chat.web.shapes import message_json
from chat.web.validation import Again, NewMessage, check, read_body

api = Blueprint("api_messages", __name__, url_prefix="/api/conversations")


@api.get("/<conversation_id>/messages")
def history(conversation_id: str) -> Response:
    """List the messages on the way to the newest one, oldest first; `?branch=`: on the way through that one.

    `?all=1`: of every branch.
    """
    access.conversation_or_404(conversation_id, need="read")
    look = partial(
        messages.page,
        conversation_id=conversation_id,
        limit=asked_limit(),
        after=request.args.get("after"),
        before=request.args.get("before"),
        all=request.args.get("all") == "1",
        branch=request.args.get("branch"),
    )
    items, further = house().store.read(look)
    return page_response(items, message_json, further)


@api.post("/<conversation_id>/messages")
def send(conversation_id: str) -> tuple[Response, int]:
    """Add a question and its pending answer; the same `client_id` again gives the same two."""
    conversation = access.conversation_or_404(conversation_id, need="ask")
    asked = ask_in(conversation, read_body(NewMessage))
    return jsonify(asked_json(asked)), 201 if asked.created else 200


@api.post("/<conversation_id>/messages/<message_id>/regenerate")
def regenerate(conversation_id: str, message_id: str) -> tuple[Response, int]:
    """Add another pending answer beside this one."""
    conversation = access.conversation_or_404(conversation_id, need="ask")
    made = house()
    answer = made.store.read(partial(messages.get, message_id=message_id))
    if answer is None or answer.conversation_id != conversation_id:
        raise messages.UnknownAnswer(message_id)
    again, person = read_body(Again, optional=True), access.current_person()
    write = partial(
        messages.regenerate,
        streams=made.streams,
        conversation=conversation,
        answer_id=message_id,
        asked_by=person,
        model=_model(again, conversation),
        chunk_by=again.chunk_by or made.settings.chunk_by,
        now=made.now(),
        admit=admission(person),
    )
    return jsonify(asked_json(made.store.write(write))), 201


def ask(conversation_id: str, body: Any) -> tuple[dict[str, Any], bool]:
    """Do with parsed JSON what `send` does with a request; say also whether it was new."""
    conversation = access.conversation_or_404(conversation_id, need="ask")
    asked = ask_in(conversation, check(NewMessage, body))
    return asked_json(asked), asked.created


def ask_in(conversation: Conversation, question: NewMessage) -> Asked:
    """Put the caller's question where they may ask. Raises what errors.py has words for."""
    made, person = house(), access.current_person()
    # A null parent of a branch is the beginning; without a branch it is as if it had not been sent.
    anew = question.branch and question.parent_id is None and "parent_id" in question.model_fields_set
    write = partial(
        messages.ask,
        streams=made.streams,
        conversation=conversation,
        author=person,
        text=question.text,
        client_id=question.client_id,
        parent_id=BEGINNING if anew else question.parent_id,
        branch=question.branch,
        model=_model(question, conversation),
        chunk_by=question.chunk_by or made.settings.chunk_by,
        now=made.now(),
        admit=admission(person),
    )
    return made.store.write(write)


def asked_json(asked: Asked) -> dict[str, Any]:
    """Give the answer of WIRE §4 to a question; `reply` is null when it was deleted since."""
    return {
        "message": message_json(asked.message),
        "reply": message_json(asked.reply) if asked.reply else None,
    }


def _model(asked: NewMessage | Again, conversation: Conversation) -> str:
    """Settle which model answers, so that the reply can say so and a continuation asks the same one."""
    return asked.model or conversation.model or house().provider.default_model
