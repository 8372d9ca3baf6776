"""What a live link opens: one conversation to read along, without a cookie."""

from flask import Blueprint, Response, render_template, request

from chat.store.previews import previews
from chat.web import access
from chat.web.errors import NotFound
from chat.web.house import house
from chat.web.page_view import present_context
from chat.web.presence_asides import who_is_here
from chat.web.scene_events import closed_response, scene_response
from chat.web.source_pages import asked_source
from chat.web.still_page import still_page

shared = Blueprint("shared", __name__)


@shared.get("/s/<token>")
def read(token: str) -> str | Response:
    """Show the conversation as it stands, to whoever has the link."""
    found = access.conversation_by_link(token)
    path = f"/s/{token}"
    return (
        asked_source(path)
        or still_page(found, back=path)
        or render_template(
            "share.html",
            events=f"{path}/events",
            path=path,
            about=_first_words(found.id),
            **present_context(found.id),
        )
    )


@shared.get("/s/<token>/events")
def events(token: str) -> Response:
    """Send what changes, for as long as the link lives."""
    try:
        found = access.conversation_by_link(token)
    except NotFound:
        if "Last-Event-ID" in request.headers:
            return closed_response()
        raise
    permit = access.conversation_permit(found.id, need="read")
    return scene_response(found.id, permit, [who_is_here(found.id, names=False)])


def _first_words(conversation_id: str) -> str | None:
    """Give what was asked first: the second line of a preview card."""
    return house().store.read(lambda conn: previews(conn, [conversation_id])).get(conversation_id)
