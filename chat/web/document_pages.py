"""The pages of documents: the library, what a conversation has, and the text of one, passage by passage."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from chat.core.documents.status import is_ready
from chat.store import passages
from chat.store.conversations import Conversation
from chat.store.documents import Document
from chat.store.passages import Found
from chat.store.people import Person
from chat.web import access
from chat.web.cookie import page_person
from chat.web.document_gone import gone_context
from chat.web.document_list import (
    ALONE,
    LIBRARY,
    DocumentsAside,
    adding,
    documents_aside,
    documents_of,
    draw_rows,
    draw_state,
    of_conversation_alone,
    of_document,
    of_library,
    read_page,
    shown,
    shown_context,
)
from chat.web.document_original import original_response
from chat.web.errors import NotFound
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.htmx import by_htmx
from chat.web.list_view import list_context
from chat.web.lists import LONGEST_NUMBER
from chat.web.page_view import path_of, title_of

pages = Blueprint("document_pages", __name__)

PER_PAGE = 60  # passages
LONGEST_QUOTE = 2000  # characters that are looked for; our own links have fewer


@dataclass(frozen=True, slots=True)
class PassageShown:
    """A passage as the page shows it; `heading` and `page` where they begin. `quote` is marked."""

    number: int
    heading: str
    page: int | None
    before: str
    quote: str
    after: str


@pages.get("/library")
def library() -> str:
    """Show what the caller's own conversations draw on, and where more of it is added."""
    return library_page(page_person())


@pages.get("/c/<conversation_id>/documents")
def of_a_conversation(conversation_id: str) -> str:
    """Show what a conversation has of its own."""
    return conversation_documents(page_person(), access.conversation_or_404(conversation_id, need="read"))


@pages.get("/d/<document_id>")
def document(document_id: str) -> str:
    """Show the text of a document: the passages around `?at=`, with `?quote=` marked in that one."""
    person, found = page_person(), access.document_or_404(document_id)
    ready = is_ready(found.status)
    return render_template(
        "document.html",
        **_shell(person),
        **(_text(found) if ready else shown_context(of_document(found))),
        document=shown(found),
        is_ready=ready,
        back=path_of(found.conversation_id) if found.conversation_id else LIBRARY,
    )


@pages.get("/d/<document_id>/text")
def text(document_id: str) -> str:
    """Give the same text alone, for a page that waited until it was read."""
    page_person()
    found = access.document_or_404(document_id)
    if not is_ready(found.status):
        return draw_state(found)
    return render_template("parts/document_text.html", **_text(found), document=shown(found))


@pages.get("/d/<document_id>/original")
def original(document_id: str) -> Response:
    """Save the file as it came."""
    page_person()
    return original_response(access.document_or_404(document_id))


@pages.get("/d/<document_id>/menu")
def menu(document_id: str) -> str:
    """Show what can be done with a document: as a small panel, or as a page where no script runs."""
    person, found = page_person(), access.document_or_404(document_id)
    return render_template(
        "parts/document_menu.html" if by_htmx() else "document_menu.html",
        person=person,
        document=shown(found),
        may_change=access.may_change_document(document_id),
    )


def library_page(person: Person, trouble: str = "") -> str:
    """Show the library; with what went wrong, if something did."""
    after = request.args.get("after") if request.method == "GET" else None
    if after is None:
        drawn = shown_context(of_library(person))
    else:  # a page of older ones is not kept up to date: it would become the newest ones
        older = read_page(house(), owner_id=person.id, after=after)
        drawn = {"documents_now": Markup(draw_rows(LIBRARY, *older, older=True))}
    return render_template("library.html", **_shell(person), **drawn, **adding(None), trouble=trouble)


def conversation_documents(person: Person, conversation: Conversation, trouble: str = "") -> str:
    """Show a conversation's documents on a page of their own."""
    after = request.args.get("after") if request.method == "GET" else None
    if after is None:
        drawn = shown_context(of_conversation_alone(conversation.id))
    else:
        older = read_page(house(), conversation_id=conversation.id, after=after)
        drawn = {"documents_now": Markup(draw_rows(documents_of(conversation.id), *older, older=True))}
    return render_template(
        "library.html",
        **_shell(person, conversation.id),
        **adding(conversation.id),
        **drawn,
        of_conversation=title_of(conversation) or "New conversation",
        back=path_of(conversation.id),
        may_add=access.right_in(conversation.id) in ("ask", "own"),
        trouble=trouble,
    )


def line_asides(person: Person) -> tuple[DocumentsAside, ...]:
    """Give what a page without a conversation is told of documents over its line."""
    name = request.args.get("documents", "").partition(".")[0]
    if not name or NUL in name:
        return ()
    if name == "library":
        return documents_aside(of_library(person))
    try:
        if name.startswith(ALONE):
            return documents_aside(of_conversation_alone(access.conversation_or_404(name[len(ALONE) :]).id))
        return documents_aside(of_document(access.document_or_404(name)))
    except NotFound:
        return ()  # deleted since; the page says so when it is loaded anew


def home_of(found: Document) -> str:
    """Name the page that lists a document."""
    return documents_of(found.conversation_id) if found.conversation_id else LIBRARY


# ── the text ─────────────────────────────────────────────────────────────────────────────────


def _text(found: Document) -> dict[str, Any]:
    """Read the passages that `?at=` asks for, dressed for the page."""
    at = min(max(1, _asked_number()), max(1, found.passages))
    first = (at - 1) // PER_PAGE * PER_PAGE + 1
    cut = house().store.read(lambda conn: passages.page_of(conn, found.id, after=first - 1, limit=PER_PAGE))
    quote = request.args.get("quote", "")[:LONGEST_QUOTE]
    return {
        "passages": dressed(cut, at, quote),
        "earlier": first - PER_PAGE if first > 1 else None,
        "later": first + PER_PAGE if first + PER_PAGE <= found.passages else None,
    }


def dressed(cut: Sequence[Found], at: int, quote: str) -> list[PassageShown]:
    """Dress passages for a page; the quote is marked in the one of number `at`, if it is there."""
    made, heading, page = [], "", None
    for one in cut:
        before, hit, after = _split(one.text, quote if one.number == at else "")
        new_heading = one.heading if one.heading != heading else ""
        new_page = one.page if one.page != page else None
        made.append(PassageShown(one.number, new_heading, new_page, before, hit, after))
        heading, page = one.heading, one.page
    return made


def _split(text: str, quote: str) -> tuple[str, str, str]:
    """Split a text around what is quoted of it, however its white space is written."""
    words = quote.split()
    found = re.search(r"\s+".join(map(re.escape, words)), text) if words else None
    if found is None:
        return text.strip("\n"), "", ""
    return text[: found.start()].lstrip("\n"), found[0], text[found.end() :].rstrip("\n")


def _asked_number() -> int:
    raw = request.args.get("at", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= LONGEST_NUMBER else 1


def _shell(person: Person, current: str | None = None) -> dict[str, Any]:
    return {
        "person": person,
        "conversation": None,
        "events": "/events",
        **list_context(person, current),
        **gone_context(person),
    }
