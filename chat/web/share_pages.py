"""What a live link opens: one conversation to read along, without a cookie, without a button."""

from flask import Blueprint, Response, render_template, request

from chat.web import access
from chat.web.errors import NotFound
from chat.web.page_view import present_context
from chat.web.scene_events import closed_response, scene_response
from chat.web.still_page import still_page

shared = Blueprint("shared", __name__)


@shared.get("/s/<token>")
def read(token: str) -> str:
    """Show the conversation as it stands, to whoever has the link."""
    found = access.conversation_by_link(token)
    events = f"/s/{token}/events"
    return still_page(found, back=f"/s/{token}") or render_template(
        "share.html", events=events, **present_context(found.id)
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
    return scene_response(found.id, access.conversation_permit(found.id, need="read"))
