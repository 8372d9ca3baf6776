"""Search: what one may read, found by its words; as a page, and as JSON."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, render_template, request

from chat.core.markdown.plain import marks_near
from chat.core.searching import Piece, Unseen, parse, snippet
from chat.store.people import Person
from chat.store.search import Hit, search
from chat.web import access
from chat.web.cookie import page_person
from chat.web.errors import Invalid
from chat.web.house import house
from chat.web.list_view import list_context
from chat.web.lists import asked_limit, page_response
from chat.web.page_view import path_of
from chat.web.shapes import time_json

api = Blueprint("api_search", __name__, url_prefix="/api/search")
pages = Blueprint("search", __name__)

LONGEST = 200  # characters of what is looked for
ON_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A hit as it is shown."""

    hit: Hit
    snippet: list[Piece]

    @property
    def path(self) -> str:
        """Name the place of the message on a page that shows it."""
        return f"{path_of(self.hit.conversation_id)}?branch={self.hit.message_id}#m-{self.hit.message_id}"

    @property
    def address(self) -> str:
        """Name that place for a browser, which marks there what was found."""
        words = [text for text, is_hit in self.snippet if is_hit]
        page, _, place = self.path.partition("#")
        return f"{page}&found={quote(words[0], safe='')}#{place}" if words else self.path

    @property
    def when(self) -> str:
        return time_json(self.hit.created_at)


@api.get("")
def find() -> Response:
    """Search everything that the caller may read; the newest hits come first."""
    person, said = access.current_person(), request.args.get("q")
    if said is None or len(said) > LONGEST:
        raise Invalid(f"q is what to look for: from 1 to {LONGEST} characters.")
    found, further = _search(person, said, asked_limit())
    return page_response(found, found_json, further)


@pages.get("/search")
def show() -> str:
    """Search likewise, and show what was found beside the list."""
    person, said = page_person(), request.args.get("q", "")[:LONGEST]
    found, further = _search(person, said, ON_A_PAGE)
    return render_template(
        "search.html",
        person=person,
        conversation=None,
        events="/events",
        said=said,
        is_query=bool(parse(said)),
        found=found,
        further=further,
        begins="after" not in request.args,
        **list_context(person, None),
    )


def found_json(found: Found) -> dict[str, Any]:
    """Give a hit as clients see it."""
    hit = found.hit
    return {
        "message_id": hit.message_id,
        "conversation_id": hit.conversation_id,
        "title": hit.title,
        "role": hit.role,
        "author": hit.author,
        "snippet": [{"text": text, "hit": is_hit} for text, is_hit in found.snippet],
        "path": found.path,
        "created_at": found.when,
    }


def _search(person: Person, said: str, limit: int) -> tuple[list[Found], str | None]:
    query, after = parse(said), request.args.get("after")
    hits, further = house().store.read(lambda conn: search(conn, person.id, query, limit, after))
    return [Found(hit, snippet(hit.text, query, _unseen(hit))) for hit in hits], further


def _unseen(hit: Hit) -> Unseen | None:
    """Say what of a hit is not shown: an answer's marks; what somebody asked is shown as it was typed."""
    return marks_near if hit.role == "assistant" else None
