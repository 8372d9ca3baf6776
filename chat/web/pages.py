"""The pages of a person: where a conversation begins, one conversation, what came earlier in it."""

from flask import Blueprint, Response, request

from chat.web import access
from chat.web.cookie import page_person
from chat.web.document_list import documents_aside, of_conversation
from chat.web.errors import NotFound
from chat.web.list_events import list_asides
from chat.web.page_view import conversation_page, new_page, path_of
from chat.web.presence_asides import who_is_here
from chat.web.role_aside import role_aside
from chat.web.scene_events import Aside, closed_response, scene_response
from chat.web.source_pages import asked_source
from chat.web.still_page import still_page

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> str:
    """Show a new conversation, and the list of those there are."""
    return new_page(page_person())


@pages.get("/c/<conversation_id>")
def conversation(conversation_id: str) -> str | Response:
    """Show a conversation as it stands; its events go on from there."""
    person = page_person()
    found = access.conversation_or_404(conversation_id, need="read")
    path = path_of(conversation_id)
    return asked_source(path) or still_page(found, path) or conversation_page(person, found)


@pages.get("/c/<conversation_id>/events")
def events(conversation_id: str) -> Response:
    """Send what changes, as HTML for htmx. Who comes back to what is gone is told so; a newcomer gets 404."""
    try:
        access.conversation_or_404(conversation_id, need="read")
    except NotFound:
        if "Last-Event-ID" in request.headers:
            return closed_response()
        raise
    here: Aside = who_is_here(conversation_id, names=True)
    documents = documents_aside(of_conversation(conversation_id))
    role = role_aside(conversation_id)
    asides: list[Aside] = [*role, *list_asides(access.person_or_none(), conversation_id), *documents, here]
    return scene_response(conversation_id, access.conversation_permit(conversation_id, need="read"), asides)
