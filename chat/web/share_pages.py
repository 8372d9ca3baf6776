"""What a live link opens: one conversation to read along, without a cookie, without a button."""

from flask import Blueprint, Response, render_template, request

from chat.store import messages
from chat.web import access
from chat.web.errors import NotFound
from chat.web.house import house
from chat.web.page_view import present_context, title_of
from chat.web.scene_events import closed_response, scene_response
from chat.web.scene_html import dress, earlier_link

shared = Blueprint("shared", __name__)


@shared.get("/s/<token>")
def read(token: str) -> str:
    """Show the conversation as it stands, to whoever has the link."""
    found = access.conversation_by_link(token)
    before = request.args.get("before")
    if before is None:
        return render_template("share.html", events=f"/s/{token}/events", **present_context(found.id))
    earlier, further = house().store.read(lambda conn: messages.page(conn, found.id, before=before))
    return render_template(
        "earlier.html",
        title=title_of(found),
        back=f"/s/{token}",
        messages=[dress(message) for message in earlier],
        earlier=earlier_link(earlier) if further else None,
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
