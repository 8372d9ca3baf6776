"""The sources of an answer: what a number in its text stands for, beside it or on a page of its own."""

import re
from functools import partial

from flask import Blueprint, Response, make_response, redirect, render_template, request

from chat.core.sources import Source
from chat.store import document_rights, documents, messages
from chat.store.conversations import Conversation
from chat.web import access
from chat.web.document_view import document_path
from chat.web.errors import NotFound
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.htmx import by_htmx
from chat.web.page_view import path_of, title_of
from chat.web.source_view import find_source, view_passage

sources = Blueprint("sources", __name__)

NUMBER = re.compile("[0-9]{1,6}")


@sources.get("/c/<conversation_id>/messages/<message_id>/sources/<number>")
def of_conversation(conversation_id: str, message_id: str, number: str) -> str:
    """Show a source to who may read the conversation; its document to who may open that."""
    found = access.conversation_or_404(conversation_id, need="read")
    return _show(found, message_id, number, path_of(conversation_id))


@sources.get("/s/<token>/messages/<message_id>/sources/<number>")
def of_link(token: str, message_id: str, number: str) -> str:
    """Show a source to who has a live link: the passage, and no way to its document."""
    found = access.conversation_by_link(token)
    return _show(found, message_id, number, f"/s/{token}")


def asked_source(path: str) -> Response | None:
    """Go where a chip's `?source=<message>.<number>` leads from the page at `path`; None: not asked for."""
    asked = request.args.get("source")
    if asked is None:
        return None
    message_id, _, number = asked.partition(".")
    if not (message_id.isalnum() and message_id.isascii() and NUMBER.fullmatch(number)):
        raise NotFound
    return make_response(redirect(f"{path}/messages/{message_id}/sources/{number}", code=303))


def _show(conversation: Conversation, message_id: str, number: str, path: str) -> str:
    source = _find(conversation, message_id, number)
    shown = {"passage": view_passage(message_id, source), "document_href": _document_href(source)}
    if by_htmx():
        return render_template("parts/source.html", **shown)
    back = f"{path}?branch={message_id}#m-{message_id}"
    return render_template("source.html", title=title_of(conversation), back=back, **shown)


def _find(conversation: Conversation, message_id: str, number: str) -> Source:
    if NUL in message_id or not NUMBER.fullmatch(number):
        raise NotFound
    message = house().store.read(partial(messages.get, message_id=message_id))
    if message is None or message.conversation_id != conversation.id:
        raise NotFound
    source = find_source(message, int(number))
    if source is None:
        raise NotFound
    return source


def _document_href(source: Source) -> str | None:
    """Lead to the passage in its document, for whom that is there; None for everybody else."""
    person = access.person_or_none()
    if person is None:
        return None
    may_open = document_rights.readable(person.id)
    if house().store.read(partial(documents.get, document_id=source.document_id, allowed=may_open)) is None:
        return None
    said = source.text[slice(*source.quote)] if source.quote else ""
    return document_path(source.document_id, source.passage, said)
