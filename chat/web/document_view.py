"""Documents as clients see them: their JSON, and the addresses of their pages and passages."""

from typing import Any
from urllib.parse import quote, urlencode

from chat.store.documents import Document
from chat.store.passages import Found
from chat.web.shapes import time_json

LONGEST_QUOTE = 400  # characters of a sentence that an address carries


def document_json(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "owner_id": document.owner_id,
        "conversation_id": document.conversation_id,
        "name": document.name,
        "kind": document.kind,
        "size": document.size,
        "status": document.status,
        "progress": document.progress,
        "error": document.error,
        "pages": document.pages,
        "passages": document.passages,
        "language": document.language,
        "created_at": time_json(document.created_at),
        "updated_at": time_json(document.updated_at),
    }


def passage_json(passage: Found) -> dict[str, Any]:
    return {
        "number": passage.number,
        "page": passage.page,
        "heading": passage.heading,
        "text": passage.text,
    }


def document_path(document_id: str, passage: int | None = None, said: str = "") -> str:
    """Name the page of a document; where it shows a passage, with `said` marked in it."""
    page = f"/d/{quote(document_id, safe='')}"
    if passage is None:
        return page
    query = {"at": str(passage)} | ({"quote": said[:LONGEST_QUOTE]} if said else {})
    return f"{page}?{urlencode(query)}#p{passage}"
