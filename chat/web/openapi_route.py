"""One route of the API as its description has it, and what many of them share."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel

from chat.store.paging import MOST
from chat.web.lists import ON_A_PAGE

EVENTS, TEXT, JSON = "text/event-stream", "text/plain", "application/json"
HTML, MARKDOWN = "text/html", "text/markdown"
BINARY = "application/octet-stream"
STRING: dict[str, Any] = {"type": "string"}
FILE_BODY: dict[str, Any] = {
    BINARY: {"schema": {}},
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {"file": {"type": "string", "contentMediaType": BINARY}},
            "required": ["file"],
        }
    },
}
WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}


class Query(NamedTuple):
    """A parameter of the query: its name, what it says, and what it may be."""

    name: str
    says: str
    schema: dict[str, Any] = STRING


OFFSET = Query("offset", "The byte from which to read; 0 when it is not there.", WHOLE)
EPOCH = Query("epoch", "The epoch in which that byte was read; the current one when it is not there.", WHOLE)
PACE = Query("pace", "`delta`: every token, where this server has them.", {"enum": ["delta"]})
LIMIT = Query(
    "limit",
    f"How many; {ON_A_PAGE} when it is not there.",
    {"type": "integer", "minimum": 1, "maximum": MOST},
)
AFTER = Query("after", "The `next` of the page before.")
SINCE = Query("after", "The id of the last event, where the header cannot be set.")
LAST = "Last-Event-ID"

CONVERSATION = "/api/conversations/{conversation_id}"
STREAM = "/api/streams/{stream_id}"
BODY = (400, 413, 415, 422)  # what any body may be refused with
TOO_LONG = (414, None)  # gunicorn refuses such a line (limit_request_line), in its own words

Answers = tuple[tuple[int, type[BaseModel] | tuple[str, ...] | None], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path; `answers` by status: a model, media types, or nothing."""

    method: str
    path: str
    summary: str
    says: str = ""
    takes: type[BaseModel] | None = None
    may_be_empty: bool = False
    takes_file: bool = False  # the body is one, or a form that holds one
    query: tuple[Query, ...] = ()
    headers: tuple[str, ...] = ()
    answers: Answers = ()
    refusals: tuple[int, ...] = ()  # besides 401
    is_open: bool = False


Section = tuple[str, str, tuple[Route, ...]]  # title, words, routes
