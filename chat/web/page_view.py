"""What the template of a person's page is given: the list at the side, the conversation, the composer."""

from functools import partial
from typing import Any

from flask import render_template, request

from chat.store import messages
from chat.store.conversations import Conversation
from chat.store.people import Person
from chat.store.previews import previews
from chat.web import access
from chat.web.choice import choice_context
from chat.web.document_list import adding, of_conversation, shown_context
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.ids import new_id
from chat.web.list_view import list_context, notice_context
from chat.web.scene_events import asked_branch, scene_of
from chat.web.scene_html import dress, earlier_link
from chat.web.share_panel import share_panel

STARTERS = (
    "Where do rivers begin, and who decides?",
    "Compare three ways to sort a list, in a table",
    "Write a small web server in Python",
)
DEMO_STARTERS = ("How do drivers and viewers work?", "What should I try?", "Show me the API in code")


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
    choice = choice_context(None) | adding("new")
    shown = {"events": "/events", "position": "", **rights, **notice_context(person), **choice}
    return _page(person, conversation=None, title=None, messages=[], starters=starters, **{**shown, **more})


def conversation_page(person: Person, conversation: Conversation, **more: Any) -> str:
    """Show a conversation to who may read it, in a frame of the demo too."""
    frame, right = request.args.get("frame", ""), access.right_in(conversation.id)
    shown = {
        "events": f"{path_of(conversation.id)}/events",
        "frame": frame in ("driver", "viewer"),
        "may_ask": frame != "viewer" and right in ("ask", "own"),
        "may_own": right == "own",
        "role": None if frame or right == "own" else right,  # of a member: it may change meanwhile
        **(choice_context(conversation) | share_panel(conversation.id) if right == "own" else {}),
        **present_context(conversation.id),
        **({} if frame else adding(conversation.id) | shown_context(of_conversation(conversation.id))),
        **_edited(conversation.id),
    }
    return _page(person, conversation=conversation, **{**shown, **more})


def present_context(conversation_id: str) -> dict[str, Any]:
    """Give what the transcript shows now, and the place from which its events go on.

    `?branch=` names the message whose line it is to show; so does a question that is edited or refused.
    """
    branch = asked_branch() or _asked_edit() or (request.form.get("branch") and request.form.get("parent_id"))
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


def _asked_edit() -> str | None:
    return request.args.get("edit") or request.form.get("editing") or None


def _edited(conversation_id: str) -> dict[str, Any]:
    """Give what the composer shows of the question that is to be asked anew, if one is."""
    message_id = _asked_edit()
    if message_id is None or NUL in message_id:
        return {}
    found = house().store.read(partial(messages.get, message_id=message_id))
    if found is None or found.conversation_id != conversation_id or found.role != "user":
        return {}
    return {"editing": found.id, "draft": found.text, "parent_id": found.parent_id}


def title_of(conversation: Conversation) -> str | None:
    """Give the title, or the first words of the first question."""
    if conversation.title:
        return conversation.title
    words = house().store.read(lambda conn: previews(conn, [conversation.id]))
    return words.get(conversation.id)


def _page(person: Person, *, conversation: Conversation | None, **more: Any) -> str:
    return render_template(
        "chat.html",
        person=person,
        conversation=conversation,
        path=path_of(conversation.id) if conversation else None,
        **({} if more.get("frame") else list_context(person, conversation.id if conversation else None)),
        demo_provider=is_demo(),
        **{"client_id": new_id(), **more},
    )
