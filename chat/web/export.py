"""A conversation as a file: Markdown to read, or JSON to be imported again, written piece by piece."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import gevent
from flask import Blueprint, Response, request

from chat.core.citing import Mark, cited, rewritten
from chat.core.sources import Source
from chat.store import messages, portable
from chat.store.conversations import Conversation
from chat.store.message_rows import Message
from chat.store.transaction import Store
from chat.web import access
from chat.web.cookie import page_person
from chat.web.errors import Invalid
from chat.web.house import house
from chat.web.message_view import OUR_NAME
from chat.web.page_view import title_of
from chat.web.shapes import citations_json, time_json

pages = Blueprint("export", __name__)
api = Blueprint("api_export", __name__, url_prefix="/api/conversations")

FORMAT, VERSION = "headwater.conversation", 1  # `chat.web.importing` reads them
KINDS = {"markdown": ("md", "text/markdown; charset=utf-8"), "json": ("json", "application/json")}
LONGEST_NAME = 60
LET_OTHERS_S = 0.001  # after each piece: a client may take them all at once, and 0 looks at no socket
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\s]+')  # in the name of a file, on one system or another


@pages.get("/c/<conversation_id>/export.md")
def as_markdown(conversation_id: str) -> Response:
    """Save the line that the page shows, to be read."""
    page_person()
    return _file(access.conversation_or_404(conversation_id, need="read"), "markdown")


@pages.get("/c/<conversation_id>/export.json")
def as_json(conversation_id: str) -> Response:
    """Save all of it, to be imported elsewhere."""
    page_person()
    return _file(access.conversation_or_404(conversation_id, need="read"), "json")


@api.get("/<conversation_id>/export")
def export(conversation_id: str) -> Response:
    """Give a conversation as `?format=markdown` or `json`."""
    found = access.conversation_or_404(conversation_id, need="read")
    kind = request.args.get("format", "json")
    if kind not in KINDS:
        raise Invalid("format must be markdown or json.")
    return _file(found, kind)


def _file(conversation: Conversation, kind: str) -> Response:
    suffix, media_type = KINDS[kind]
    title = title_of(conversation) or "Conversation"
    if kind == "json":
        body = json_pieces(house().store, conversation)
    else:
        body = markdown_pieces(house().store, conversation, title, request.args.get("branch"))
    first = next(body)  # what is refused is refused before the headers go out
    response = Response(_joined(first, body), content_type=media_type)
    name = UNSAFE.sub(" ", title).strip(" .")[:LONGEST_NAME].strip() or "Conversation"
    # RFC 6266: the plain name is for who cannot read the other one, which a header cannot hold as it is.
    said = f"attachment; filename=\"conversation.{suffix}\"; filename*=UTF-8''{quote(f'{name}.{suffix}')}"
    response.headers["Content-Disposition"] = said
    response.headers["Cache-Control"] = "no-store"
    return response


def _joined(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    for piece in rest:
        yield piece
        gevent.sleep(LET_OTHERS_S)


# ── JSON: all branches ───────────────────────────────────────────────────────────────────────


def json_pieces(store: Store, conversation: Conversation) -> Iterator[str]:
    """Write the document; messages name their parent by its place in the list, for ids are not for export."""
    heading = {
        "format": FORMAT,
        "version": VERSION,
        "title": conversation.title,
        "system": conversation.system,
        "model": conversation.model,
        "temperature": conversation.temperature,
        "created_at": time_json(conversation.created_at),
    }
    yield _json(heading)[:-1] + ', "messages": ['
    places: dict[str, int] = {}
    for found in portable.pieces(store, conversation.id):
        lines = []
        for message in found:
            places[message.id] = len(places)
            lines.append(_json(message_document(message, places.get(message.parent_id or ""))))
        yield (",\n" if len(places) > len(found) else "\n") + ",\n".join(lines)
    yield "\n]}\n"


def message_document(message: Message, parent: int | None) -> dict[str, Any]:
    """Give a message as it travels."""
    document: dict[str, Any] = {
        "parent": parent,
        "role": message.role,
        "author": message.author.name if message.author else None,
        "text": message.text,
        "reasoning": message.reasoning.text if message.reasoning else None,
        "status": portable.status_at_rest(message),
        "model": message.model,
        "usage": message.usage,
        "timing": message.timing,
        "cost": message.cost,
        "error": message.error,
        "finish_reason": message.finish_reason,
        "created_at": time_json(message.created_at),
    }
    # Only where there is something to say: a server of before knows neither, and takes the rest.
    if citations := citations_json(message):
        document["citations"] = [_without_id(citation) for citation in citations]
    if message.left_out:
        document["left_out"] = message.left_out
    if message.unread_documents:
        document["unread_documents"] = message.unread_documents
    return document


def _without_id(citation: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out which document of this server it was: elsewhere there is none, or another."""
    return {name: value for name, value in citation.items() if name != "document_id"}


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False)


# ── Markdown: one line ───────────────────────────────────────────────────────────────────────


def markdown_pieces(
    store: Store, conversation: Conversation, title: str, branch: str | None
) -> Iterator[str]:
    """Write the line to the newest message, or through `branch`, as a document. Raises BadPage."""
    after: str | None = None
    heading = f"# {title}\n"
    while True:
        found, after = store.read(
            lambda conn, after=after: messages.page(  # type: ignore[misc]  # bound now, as it has to be
                conn, conversation.id, limit=portable.PIECE, after=after, branch=branch
            )
        )
        yield heading + "".join(map(_section, found))
        heading = ""
        if after is None:
            return


def _section(message: Message) -> str:
    by = message.author.name if message.author else OUR_NAME
    model = f" ({message.model})" if message.model else ""
    when = datetime.fromtimestamp(message.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    how = "" if message.status == "done" else f" · {portable.status_at_rest(message)}"
    text, notes = footnotes(message)
    return f"\n---\n\n**{_plain(by)}**{_plain(model)} · {when}{how}\n\n{text.strip()}\n{notes}"


def footnotes(message: Message) -> tuple[str, str]:
    """Give an answer's text with its marks as footnotes, and the notes; names are of this message alone."""
    numbers = {citation["number"] for citation in message.citations}
    if not numbers:
        return message.text, ""

    def write(mark: Mark) -> str | None:
        given = [f"[^{message.id[:8]}-{number}]" for number in mark.numbers if number in numbers]
        return "".join(given) or None

    used = cited(message.text, numbers)
    sources = [Source.from_json(citation) for citation in message.citations]
    notes = "".join(_note(message, source) for source in sources if source.number in used)
    return rewritten(message.text, write), f"\n{notes}" if notes else ""


def _note(message: Message, source: Source) -> str:
    page = f", page {source.page}" if source.page is not None else ""
    quote = " ".join(source.text[slice(*source.quote)].split()) if source.quote else ""
    said = f": “{_plain(quote)}”" if quote else ""
    return f"[^{message.id[:8]}-{source.number}]: {_plain(source.document)}{page}{said}\n"


def _plain(text: str) -> str:
    """Keep a name from being read as Markdown."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", text)
