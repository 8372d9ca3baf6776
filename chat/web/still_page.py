"""Pages of what was said long ago: nothing on them is live, for it does not change any more."""

from collections.abc import Sequence

from flask import render_template, request
from sqlalchemy import Connection

from chat.store import branches
from chat.store.branches import Window
from chat.store.conversations import Conversation
from chat.store.message_rows import Message
from chat.web.errors import NotFound
from chat.web.house import house
from chat.web.page_view import title_of
from chat.web.scene_events import asked_branch
from chat.web.scene_html import dress, earlier_link
from chat.web.scene_line import LINE


def still_page(conversation: Conversation, back: str) -> str | None:
    """Show what `?before=` or `?branch=` asks for; None where the live page does. Raises NotFound."""
    before, branch = request.args.get("before"), asked_branch()
    if before is not None:
        return _page(conversation, back, _before(conversation.id, before))
    window = _around(conversation.id, branch) if branch else None
    if window is None or not window.goes_on:
        return None
    return _page(conversation, back, window.messages, later=f"?branch={window.messages[-1].id}")


def _page(conversation: Conversation, back: str, shown: Sequence[Message], later: str | None = None) -> str:
    return render_template(
        "earlier.html",
        title=title_of(conversation),
        back=back,
        messages=[dress(message) for message in shown],
        earlier=earlier_link(shown),
        later=later,
    )


def _before(conversation_id: str, message_id: str) -> list[Message]:
    found = house().store.read(lambda conn: branches.before(conn, conversation_id, message_id, LINE))
    if found is None:
        raise NotFound
    return found


def _around(conversation_id: str, message_id: str) -> Window:
    def look(conn: Connection) -> Window | None:
        leaf = branches.leaf_of(conn, conversation_id, message_id)
        return branches.around(conn, leaf, message_id) if leaf else None

    found = house().store.read(look)
    if found is None:
        raise NotFound
    return found
