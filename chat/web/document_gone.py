"""Documents that were just deleted: who may bring one back, and what a page says of it."""

from typing import Any

from flask import request

from chat.store import document_rights, documents
from chat.store.documents import Document
from chat.store.people import Person
from chat.web.document_view import document_path
from chat.web.gate import NUL
from chat.web.house import house


def restorable(person: Person, document_id: str) -> Document | None:
    """Find a deleted document that this person may bring back; None when it is too late, or not theirs.

    Theirs is what they may delete: what they added where they still are, and all in conversations of theirs.
    """
    if NUL in document_id:
        return None
    theirs = document_rights.restorable(person.id)
    return house().store.read(lambda conn: documents.discarded(conn, document_id, theirs))


def gone_context(person: Person) -> dict[str, Any]:
    """Give what a page says of the document that was deleted on the way to it, if it can come back."""
    asked = request.args.get("gone", "")
    found = restorable(person, asked) if asked else None
    return {} if found is None else {"deleted": as_deleted(found)}


def as_deleted(document: Document) -> dict[str, str]:
    """Give what the notice shows of it."""
    return {"title": document.name, "path": document_path(document.id)}
