"""The part of the table of API routes that is about documents, and the shapes of what they answer."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from chat.core.documents.status import DocumentStatus
from chat.web import openapi_shapes as shapes
from chat.web.api_documents import DocumentChange
from chat.web.openapi_route import AFTER, BINARY, BODY, LIMIT, TOO_LONG, WHOLE, Query, Route, Section
from chat.web.openapi_shapes import Shape

DOCUMENT = "/api/documents/{document_id}"
PLACE = Query("conversation_id", "Of that conversation, instead of your library.")


class Document(Shape):
    id: str
    owner_id: str = Field(description="The person who added it.")
    conversation_id: str | None = Field(description="Null: of its owner's library.")
    name: str
    kind: Literal["text", "markdown", "html", "pdf", "docx"]
    size: int = Field(description="Of the original, in bytes.")
    status: DocumentStatus
    progress: int = Field(description="Of its reading, in percent.")
    error: shapes.Failure | None = Field(description="Why it cannot be read.")
    pages: int | None
    passages: int = Field(description="Into how many it was cut.")
    language: str | None = Field(description="In which its words are found.")
    created_at: datetime
    updated_at: datetime


class Passage(Shape):
    number: int
    page: int | None
    heading: str = Field(description="The headings above it, the outermost first.")
    text: str = Field(description="One after another they are all of the document's text.")


DOCUMENTS: Section = (
    "Documents",
    "What answers draw on: your library, and what was added to one conversation. Text, Markdown, HTML, PDF "
    "and Word (.docx).",
    (
        Route(
            "POST", "/api/documents", "Add one",
            "The body is the file, or a form whose first file it is. It is read afterwards: ask for it until "
            "it is `ready` or `failed`. 413: too large or too long. 415: of another kind. 422: not readable. "
            "409: as many as one may have.",
            takes_file=True,
            query=(Query("name", "What the file is called; its ending tells its kind."),
                   Query("conversation_id", "Adds it there; `new` begins a conversation with it.")),
            answers=((201, Document),), refusals=(*BODY, 403, 404, 409, 429),
        ),
        Route(
            "GET", "/api/documents", "List them", "Your library, or a conversation's; the newest come first.",
            query=(PLACE, LIMIT, AFTER), answers=((200, shapes.Page[Document]),), refusals=(403, 404, 422),
        ),
        Route(
            "GET", "/api/documents/search", "Find passages",
            "What an answer to this question would be given, the best first: in that conversation, or from "
            "your library alone.",
            query=(Query("q", "The question.", {"type": "string", "maxLength": 2000}), PLACE),
            answers=((200, shapes.Page[shapes.Citation]), TOO_LONG), refusals=(403, 404, 422, 429),
        ),
        Route("GET", DOCUMENT, "Read what it is", answers=((200, Document),), refusals=(403, 404)),
        Route(
            "PATCH", DOCUMENT, "Rename it", takes=DocumentChange, answers=((200, Document),),
            refusals=(*BODY, 403, 404),
        ),
        Route(
            "DELETE", DOCUMENT, "Delete it", "Answers keep what they have quoted.",
            answers=((204, None),), refusals=(403, 404),
        ),
        Route(
            "GET", f"{DOCUMENT}/original", "Take the file back", "Always as a download.",
            answers=((200, (BINARY,)),), refusals=(403, 404, 409),
        ),
        Route(
            "GET", f"{DOCUMENT}/passages", "Read its text", "Passage by passage; none before it is `ready`.",
            query=(LIMIT, Query("after", "The `next` of the page before: the number of a passage.", WHOLE)),
            answers=((200, shapes.Page[Passage]),), refusals=(403, 404, 422),
        ),
    ),
)  # fmt: skip
