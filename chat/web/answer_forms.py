"""The forms below an answer: stop it, go on with it, ask for another one."""

from functools import partial

from flask import Blueprint, Response, request

from chat.store import messages
from chat.web import access
from chat.web.api_messages import ask_in
from chat.web.api_streams import start
from chat.web.cookie import page_person
from chat.web.errors import NotFound
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.htmx import by_htmx
from chat.web.limits_ask import admission
from chat.web.page_answers import back, done, drives
from chat.web.validation import NewMessage, check

forms = Blueprint("answer_forms", __name__)

GO_ON = "Go on exactly where you stopped."


@forms.post("/c/<conversation_id>/stop")
def stop(conversation_id: str) -> Response:
    """Stop the answer that the form names; harmless when it has ended."""
    house().engine.stop(_stream_of(conversation_id))
    return done(conversation_id)


@forms.post("/c/<conversation_id>/continue")
def go_on(conversation_id: str) -> Response:
    """Claim an interrupted answer again: for pages without JavaScript; ours drive it themselves."""
    start(_stream_of(conversation_id), resume=True)
    return done(conversation_id)


@forms.post("/c/<conversation_id>/again")
def again(conversation_id: str) -> Response:
    """Ask for another answer to the same question; the page shows it in the place of the first."""
    person = page_person()
    conversation = access.conversation_or_404(conversation_id, need="ask")
    made = house()
    write = partial(
        messages.regenerate,
        streams=made.streams,
        conversation=conversation,
        answer_id=_named("message_id"),
        asked_by=person,
        model=conversation.model or made.provider.default_model,
        chunk_by=made.settings.chunk_by,
        now=made.now(),
        admit=admission(person),
    )
    asked = made.store.write(write)
    return drives(done(conversation_id), asked) if by_htmx() else back(conversation_id, drive=True)


@forms.post("/c/<conversation_id>/further")
def further(conversation_id: str) -> Response:
    """Ask for what an answer that was cut at its length had still to say: a question like any other."""
    conversation = access.conversation_or_404(conversation_id, need="ask")
    asked = ask_in(conversation, check(NewMessage, {"text": GO_ON, "parent_id": _named("message_id")}))
    return drives(done(conversation_id), asked) if by_htmx() else back(conversation_id, drive=True)


def _stream_of(conversation_id: str) -> str:
    """Read which answer of this conversation the form means. Raises NotFound, ReadOnly."""
    access.conversation_or_404(conversation_id, need="ask")
    stream_id = _named("stream_id")
    message = house().store.read(partial(messages.by_stream, stream_id=stream_id))
    if message is None or message.conversation_id != conversation_id:
        raise NotFound
    return stream_id


def _named(field: str) -> str:
    """Read an id; one with a NUL is no id, and PostgreSQL cannot be asked for it. Raises NotFound."""
    found = request.form.get(field, "")
    if NUL in found:
        raise NotFound
    return found
