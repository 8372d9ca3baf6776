"""What a line is told of who is here: HTML for a page's head, data for programs; only when it changed."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from jinja2 import Environment

from chat.core import sse
from chat.web.house import house
from chat.web.presence import Presence
from chat.web.presence_board import topic_here
from chat.web.presence_shown import Shown, shown_json

TEMPLATE = "parts/presence_shown.html"


@dataclass(frozen=True, slots=True)
class Noticed:
    """Who is here now, as a `presence` event's data; it has no id, and moves nobody."""

    data: dict[str, Any]


class Notice:
    """What one line of a program was told last. `names`: it may see who the others are."""

    def __init__(self, presence: Presence, conversation_id: str, *, names: bool) -> None:
        self.topics: tuple[str, ...] = (topic_here(conversation_id),)
        self._presence = presence
        self._conversation_id = conversation_id
        self._names = names
        self._told: Shown | None = None

    def news(self) -> Noticed | None:
        """Give who is here, when that is not what was told last. Never waits."""
        shown = self._presence.shown(self._conversation_id)
        if shown is None or shown == self._told:
            return None
        self._told = shown
        return Noticed(shown_json(shown, names=self._names))


def who_is_here(conversation_id: str, *, names: bool) -> "PageNotice":
    """Make the notice of the page that asks for its events now."""
    is_new = "Last-Event-ID" not in request.headers
    templates = current_app.jinja_env
    return PageNotice(house().presence, templates, conversation_id, names=names, is_new=is_new)


class PageNotice:
    """The same for a page, which shows nothing while nobody else is there: an Aside of its line.

    `is_new`: the page has just been loaded, and shows nobody.
    """

    def __init__(
        self,
        presence: Presence,
        templates: Environment,
        conversation_id: str,
        *,
        names: bool,
        is_new: bool,
    ) -> None:
        self.topics: tuple[str, ...] = (topic_here(conversation_id),)
        self._presence = presence
        self._templates = templates
        self._conversation_id = conversation_id
        self._names = names
        self._told = Shown((), 0) if is_new else None

    def look(self, rung: Set[str]) -> bytes:
        """Give the event that puts who is here into the head."""
        shown = self._presence.shown(self._conversation_id)
        if shown is None or shown == self._told or (self._told and shown.is_alone and self._told.is_alone):
            return b""
        self._told = shown
        key = f"page {self._names}"
        if key not in shown.encoded:
            html = self._templates.get_template(TEMPLATE).render(shown=shown, names=self._names)
            shown.encoded[key] = sse.encode(None, html)
        made: bytes = shown.encoded[key]
        return made
