"""Lists of documents as HTML: a library, what a conversation has, one document; each kept up to date."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Flask, current_app, request
from markupsafe import Markup
from sqlalchemy import Connection

from chat.core import sse
from chat.core.documents.status import DocumentStatus, is_ready
from chat.store import documents
from chat.store.document_moves import topic_of_conversation, topic_of_library
from chat.store.documents import Document
from chat.store.people import Person
from chat.web.document_view import document_path
from chat.web.house import House, house
from chat.web.list_view import sign_of
from chat.web.rested import Rested
from chat.web.uploads import said_size

LISTED = 50  # documents on a page
LIBRARY = "/library"
ACCEPTED = ".txt,.md,.markdown,.html,.htm,.pdf,.docx,text/*,application/pdf"
STRIP = 3  # of a conversation's, above the field in which one asks
ALONE = "c-"  # before a conversation's id: its documents on a page of their own
UNKNOWN = "-"  # the sign of no list, as in chat.web.list_events
KINDS = {"text": "Text", "markdown": "Markdown", "html": "HTML", "pdf": "PDF", "docx": "Word"}
WAYS = {
    DocumentStatus.ARRIVING: "Arriving…",
    DocumentStatus.WAITING: "Waits to be read…",
    DocumentStatus.READING: "Is being read…",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A document as a page shows it."""

    id: str
    name: str
    path: str
    kind: str
    about: str  # how much of what, and since when
    way: str  # how far it is read; empty when it is
    trouble: str  # why it cannot be
    status: str
    progress: int | None  # percent, while it is read


def shown(document: Document) -> Shown:
    """Dress a document for a page."""
    status = DocumentStatus(document.status)
    return Shown(
        id=document.id,
        name=document.name,
        path=document_path(document.id),
        kind=KINDS[document.kind],
        about=_about(document),
        way=WAYS.get(status, ""),
        trouble=(document.error or {}).get("message", "") if status == DocumentStatus.FAILED else "",
        status=status,
        progress=document.progress if status == DocumentStatus.READING else None,
    )


def _about(document: Document) -> str:
    pages = f"{document.pages:,} page{'' if document.pages == 1 else 's'}" if document.pages else ""
    day = datetime.fromtimestamp(document.created_at, UTC).strftime("%-d %B %Y")
    return " · ".join(filter(None, (KINDS[document.kind], pages, said_size(document.size), day)))


# ── what a page shows ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Place:
    """What a page shows documents of. `topic`: the bell of its changes; `draw`: its parts, by DOM id."""

    name: str  # in the address of the page's line
    topic: str
    draw: Callable[[], dict[str, str]]


def of_library(person: Person) -> Place:
    """Show somebody's library, its first page."""
    made = house()

    def draw() -> dict[str, str]:
        return {"documents-now": draw_rows(LIBRARY, *read_page(made, owner_id=person.id))}

    return Place("library", topic_of_library(person.id), draw)


def of_conversation(conversation_id: str) -> Place:
    """Show what a conversation has: the newest above the field in which one asks, all in a panel."""
    made = house()

    def draw() -> dict[str, str]:
        found, further = read_page(made, conversation_id=conversation_id)
        newest = [shown(one) for one in found[:STRIP]]
        more = len(found) - len(newest)
        strip = _drawn("parts/document_strip.html", documents=newest, more=more, further=further)
        return {"attached": strip, "documents-now": draw_rows(documents_of(conversation_id), found, further)}

    return Place("here", topic_of_conversation(conversation_id), draw)


def of_conversation_alone(conversation_id: str) -> Place:
    """Show the same on a page of its own, where nobody asks."""
    made = house()

    def draw() -> dict[str, str]:
        found, further = read_page(made, conversation_id=conversation_id)
        return {"documents-now": draw_rows(documents_of(conversation_id), found, further)}

    return Place(f"{ALONE}{conversation_id}", topic_of_conversation(conversation_id), draw)


def of_document(document: Document) -> Place:
    """Show how far one document is read."""
    made, id, place = house(), document.id, document.conversation_id
    topic = topic_of_library(document.owner_id) if place is None else topic_of_conversation(place)

    def draw() -> dict[str, str]:
        found = made.store.read(lambda conn: documents.get(conn, id))
        return {"document-state": draw_state(found) if found else ""}

    return Place(id, topic, draw)


def draw_rows(page: str, found: Sequence[Document], further: str | None, *, older: bool = False) -> str:
    """Draw the rows of a list; `page`: where it goes on."""
    rows = [shown(one) for one in found]
    more = f"{page}?after={further}" if further else None
    return _drawn("parts/document_rows.html", documents=rows, further=more, older=older)


def draw_state(document: Document) -> str:
    """Draw how far a document is read; once it is, its text comes in this place."""
    ready = is_ready(document.status)
    return _drawn("parts/document_state.html", document=shown(document), is_ready=ready)


def documents_of(conversation_id: str) -> str:
    """Name the page of a conversation's documents."""
    return f"/c/{conversation_id}/documents"


def adding(conversation_id: str | None) -> dict[str, Any]:
    """Give what the form needs that adds files: where to, and how large they may be."""
    most = house().settings.document_bytes
    to = f"/documents?conversation_id={conversation_id}" if conversation_id else "/documents"
    return {"add_to": to, "accepted": ACCEPTED, "most": most, "most_said": said_size(most) if most else ""}


def read_page(made: House, **which: Any) -> tuple[list[Document], str | None]:
    """Read a page of documents. Raises BadPage."""
    look: Callable[[Connection], Any] = partial(documents.page_of, **{"limit": LISTED, **which})
    found: tuple[list[Document], str | None] = made.store.read(look)
    return found


def shown_context(place: Place) -> dict[str, Any]:
    """Give what a template shows of a place, and the sign by which its line knows what that was."""
    drawn = place.draw()
    parts = {name.replace("-", "_"): Markup(html) for name, html in drawn.items()}
    return {**parts, "documents_sign": f"{place.name}.{sign_of(''.join(drawn.values()))}"}


def _drawn(template: str, **given: Any) -> str:
    """Draw a part of a page. Needs an app context, and no request: open lines draw them too."""
    return current_app.jinja_env.get_template(template).render(**given)


# ── kept up to date ──────────────────────────────────────────────────────────────────────────


class DocumentsAside:
    """One page's documents: looks when their bell is rung, and sends the parts that differ."""

    def __init__(self, app: Flask, place: Place, shown: str) -> None:
        self._rest = Rested(house().bell, place.topic)
        self.topics = self._rest.topics
        self._app = app
        self._place = place
        self._shown = shown  # the sign of all that the page shows
        self._drawn: dict[str, str] = {}  # the same, once we have drawn it

    def look(self, rung: Set[str]) -> bytes:
        """See `chat.web.scene_events.Aside`."""
        drawn = self._rest.look(rung, self._draw)
        if drawn is None:
            return b""
        before, self._drawn = self._drawn, drawn
        sign = sign_of("".join(drawn.values()))
        if sign == self._shown:
            return b""
        self._shown = sign
        changed = (name for name in drawn if before.get(name) != drawn[name])
        return sse.encode(None, "".join(_swap(name, drawn[name]) for name in changed))

    def _draw(self) -> dict[str, str]:
        with self._app.app_context():
            return self._place.draw()


def documents_aside(place: Place) -> tuple[DocumentsAside, ...]:
    """Give the documents of the page that asks for events; none where it shows none of this place.

    Who comes back was sent others since: the sign in its address is that of the day it was opened.
    """
    name, _, sign = request.args.get("documents", "").partition(".")
    if name != place.name or not sign:
        return ()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the body outlives the context
    return (DocumentsAside(app, place, UNKNOWN if "Last-Event-ID" in request.headers else sign),)


def _swap(name: str, html: str) -> str:
    return f'<hx-partial hx-target="#{name}" hx-swap="innerMorph">{html}</hx-partial>'
