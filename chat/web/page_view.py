"""What the template of a person's page is given: the list at the side, the conversation, the composer."""

from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import Connection

from chat.store import conversations
from chat.store.conversations import Conversation
from chat.store.people import Person
from chat.store.previews import previews
from chat.web import access
from chat.web.house import house
from chat.web.ids import new_id
from chat.web.scene_events import asked_branch, scene_of
from chat.web.scene_html import dress, earlier_link
from chat.web.share_panel import share_panel

STARTERS = (
    "Where do rivers begin, and who decides?",
    "Compare three ways to sort a list, in a table",
    "Write a small web server in Python",
)
DEMO_STARTERS = ("How do drivers and viewers work?", "What should I try?", "Show me the API in code")
LISTED = 50  # conversations at the side; older ones are a page further


@dataclass(frozen=True, slots=True)
class Item:
    """A conversation in the list."""

    id: str
    path: str
    title: str | None


def is_demo() -> bool:
    """Say whether the built-in demo answers, for want of a key."""
    return house().provider.name == "demo"


def path_of(conversation_id: str) -> str:
    """Name the page of a conversation; its forms post below it."""
    return f"/c/{conversation_id}"


def new_page(person: Person, **more: Any) -> str:
    """Show the page on which a conversation begins."""
    starters = DEMO_STARTERS if is_demo() else STARTERS
    rights = {"may_ask": True, "may_own": True}
    return _page(person, conversation=None, title=None, messages=[], starters=starters, **rights, **more)


def conversation_page(person: Person, conversation: Conversation, **more: Any) -> str:
    """Show a conversation to who may read it, in a frame of the demo too."""
    frame, right = request.args.get("frame", ""), access.right_in(conversation.id)
    shown = {
        "events": f"{path_of(conversation.id)}/events",
        "frame": frame in ("driver", "viewer"),
        "may_ask": frame != "viewer" and right in ("ask", "own"),
        "may_own": right == "own",
        **(share_panel(conversation.id) if right == "own" else {}),
        **present_context(conversation.id),
    }
    return _page(person, conversation=conversation, **{**shown, **more})


def present_context(conversation_id: str) -> dict[str, Any]:
    """Give what the transcript shows now, and the place from which its events go on.

    `?branch=`, and `?edit=`, name the message whose line it is to show.
    """
    branch = asked_branch() or request.args.get("edit")
    with house().feeds.open(conversation_id) as feed:
        present = scene_of(feed).present(branch)
    if present is None:  # deleted while we looked
        return {"title": None, "messages": [], "position": "", "is_older": False}
    line = present.shown.line
    return {
        "title": title_of(present.conversation),
        "messages": [dress(message) for message in line],
        "earlier": earlier_link(line),
        "parent_id": line[-1].id if line else None,
        "position": str(present.place),
        "branch": branch,
        "is_older": present.shown.is_older,
    }


def title_of(conversation: Conversation) -> str | None:
    """Give the title, or the first words of the first question."""
    if conversation.title:
        return conversation.title
    words = house().store.read(lambda conn: previews(conn, [conversation.id]))
    return words.get(conversation.id)


def _page(person: Person, *, conversation: Conversation | None, **more: Any) -> str:
    listed, further = _list(person)
    return render_template(
        "chat.html",
        person=person,
        conversation=conversation,
        path=path_of(conversation.id) if conversation else None,
        listed=listed,
        listed_more=url_for("pages.home", after=further) if further else None,
        demo_provider=is_demo(),
        client_id=new_id(),
        **more,
    )


def _list(person: Person) -> tuple[list[Item], str | None]:
    after = request.args.get("after") if request.endpoint == "pages.home" else None

    def look(conn: Connection) -> tuple[list[Item], str | None]:
        found, further = conversations.page(conn, person.id, LISTED, after)
        words = previews(conn, [one.id for one in found if not one.title])
        return [Item(one.id, path_of(one.id), one.title or words.get(one.id)) for one in found], further

    return house().store.read(look)
