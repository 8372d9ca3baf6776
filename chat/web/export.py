"""A conversation as a file: Markdown to read, or JSON to be imported again, written piece by piece."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import gevent
from flask import Blueprint, Response, request

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
from chat.web.shapes import time_json

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
    return {
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
    return f"\n---\n\n**{_plain(by)}**{_plain(model)} · {when}{how}\n\n{message.text.strip()}\n"


def _plain(text: str) -> str:
    """Keep a name from being read as Markdown."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", text)
