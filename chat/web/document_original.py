"""The original of a document, given back to be saved: never shown, and with nothing that could run."""

from collections.abc import Iterator

import gevent
from flask import Response

from chat.core.documents.status import DocumentStatus
from chat.store import documents
from chat.store.documents import Document
from chat.web.attachments import INERT, disposition
from chat.web.errors import ApiError
from chat.web.house import house

LET_OTHERS_S = 0.001  # after each piece: a client may take them all at once, and 0 looks at no socket
SUFFIX = {"text": "txt", "markdown": "md", "html": "html", "pdf": "pdf", "docx": "docx"}


def original_response(document: Document) -> Response:
    """Give the original, read piece by piece; no database connection is held. Raises ApiError (409)."""
    if document.status == DocumentStatus.ARRIVING:
        raise ApiError("arriving", 409, "This document is still arriving.")
    pieces = documents.pieces_of(house().store, document.id)
    first = next(pieces)  # what is gone is found out before the headers go out
    response = Response(_all(first, pieces), headers=INERT)
    response.content_length = document.size
    plain = f"document.{SUFFIX[document.kind]}"
    response.headers["Content-Disposition"] = disposition(document.name, plain)
    return response


def _all(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    for piece in rest:
        gevent.sleep(LET_OTHERS_S)
        yield piece
