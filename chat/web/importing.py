"""A conversation from a file: what `export` wrote as JSON, read with the distrust that any file deserves."""

from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, FailFast, Field

from chat.core.lifecycle import Status
from chat.core.one_line import one_line
from chat.store import portable
from chat.store.conversations import Conversation
from chat.store.copies import Turn
from chat.store.people import Person
from chat.store.portable import Heading
from chat.web import access, imported_citations
from chat.web.cookie import page_person
from chat.web.errors import ApiError, Invalid, TooLarge
from chat.web.house import house
from chat.web.imported_citations import ImportedCitations
from chat.web.page_view import path_of
from chat.web.shapes import conversation_json
from chat.web.validation import (
    NAME_LENGTH,
    TITLE_LENGTH,
    Body,
    System,
    Temperature,
    Whole,
    check,
    parse_json,
    read_body,
)

api = Blueprint("api_import", __name__, url_prefix="/api/conversations")
pages = Blueprint("import", __name__)

MOST_MESSAGES = 10_000
MOST_BRANCHES = 500  # at one place: each message names all that stand beside it
MOST_TOKENS = 2**53
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)


def _known_time(said: object) -> object:
    """Read a time that all databases and calendars know."""
    if not isinstance(said, str):
        raise ValueError("must be a time as RFC 3339 writes it")
    try:
        found = datetime.fromisoformat(said)
    except ValueError as unreadable:
        raise ValueError("must be a time as RFC 3339 writes it") from unreadable
    if found.tzinfo is None or not EARLIEST <= found <= LATEST:
        raise ValueError("must be a time with its zone, from 1970 to 2999")
    return found


def _answer_sized(text: str) -> str:
    settings = house().settings
    most = max(settings.answer_bytes, settings.text_bytes)
    if settings.answer_bytes and settings.text_bytes and len(text.encode()) > most:
        raise ValueError(f"must not be longer than {most} bytes")
    return text


Time = Annotated[AwareDatetime, BeforeValidator(_known_time)]
Text = Annotated[Whole, AfterValidator(_answer_sized)]
Short = Annotated[Whole, Field(max_length=200)]
# Cleaned and not refused: an older server let through what nobody sees.
ImportedTitle = Annotated[Whole, Field(max_length=TITLE_LENGTH), AfterValidator(one_line)]
Author = Annotated[Whole, Field(max_length=NAME_LENGTH), AfterValidator(one_line)]
Count = Annotated[int, Field(ge=0, le=MOST_TOKENS)]


class ImportedUsage(Body):
    input_tokens: Count
    output_tokens: Count
    estimated: bool = False


class ImportedTiming(Body):
    first_token_ms: Count | None = None
    total_ms: Count | None = None


class ImportedProblem(Body):
    code: Short
    message: Annotated[Whole, Field(max_length=2000)]


class ImportedMessage(Body):
    parent: Annotated[int, Field(ge=0)] | None = Field(
        None, description="The place in this list, from 0, of the message before it."
    )
    role: Literal["user", "assistant"]
    author: Author | None = None
    text: Text
    reasoning: Text | None = None
    status: Literal["done", "stopped", "error", "interrupted"] = "done"
    model: Short | None = None
    usage: ImportedUsage | None = None
    timing: ImportedTiming | None = None
    cost: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    error: ImportedProblem | None = None
    finish_reason: Annotated[Whole, Field(max_length=40)] | None = None
    citations: ImportedCitations = Field(default_factory=list)
    left_out: Annotated[int, Field(ge=0, le=MOST_MESSAGES)] = 0
    unread_documents: Annotated[int, Field(ge=0, le=MOST_MESSAGES)] = 0
    created_at: Time


class ImportedConversation(Body):
    """What `export` gives as JSON."""

    format: Literal["headwater.conversation"]
    version: Literal[1]
    title: ImportedTitle | None = None
    system: System | None = None
    model: Short | None = None
    temperature: Temperature | None = None
    created_at: Time
    messages: Annotated[list[ImportedMessage], Field(max_length=MOST_MESSAGES), FailFast()]


@api.post("/import")
def import_json() -> tuple[Response, int]:
    """Make a conversation of the caller's own of a document that `export` gave; its ids are new."""
    person = access.current_person()
    most = _widen(person)
    return jsonify(conversation_json(_write(person, read_body(ImportedConversation, most=most)))), 201


@pages.get("/import")
def form() -> str:
    """Show the form that takes a file."""
    return render_template("import.html", person=page_person())


@pages.post("/import")
def import_file() -> Response:
    """Take the file, and go to the conversation that it is now; or say what is wrong with it."""
    person = page_person()
    most = _widen(person)
    try:
        given = request.files.get("file")
        raw = given.read() if given else b""
        if not raw.strip():
            raise Invalid("Choose a file that was saved here as JSON.")
        made = _write(person, check(ImportedConversation, parse_json(raw)))
    except ApiError as refused:
        page = render_template("import.html", person=person, trouble=refused.message, most=most)
        return make_response(page, refused.status)
    return make_response(redirect(path_of(made.id), code=303))


def _widen(person: Person) -> int:
    """Let this request be as large as an import may be. Raises TooLarge, and RateLimited."""
    most = house().settings.import_bytes
    house().rates.count_question(person.id)  # as a copy is: cheap to ask for, and much to read and write
    request.max_content_length = most or None
    if most and (request.content_length or 0) > most:
        raise TooLarge(f"The file is larger than the {most} bytes this server takes.")
    return most


def _write(person: Person, document: ImportedConversation) -> Conversation:
    made = house()
    return made.store.write(
        partial(
            portable.write,
            owner=person,
            heading=Heading(
                document.title or None,
                document.system,
                document.model,
                document.temperature,
                document.created_at.timestamp(),
            ),
            turns=[_turn(message, person) for message in document.messages],
            parents=_parents(document.messages),
            now=made.now(),
        )
    )


def _turn(message: ImportedMessage, person: Person) -> Turn:
    """Read a message. Who asked is known by name alone: it counts as asked by whoever brings it."""
    is_answer = message.role == "assistant"
    return Turn(
        role=message.role,
        text=message.text,
        created_at=message.created_at.timestamp(),
        author=None if is_answer else Person(person.id, message.author or person.name),
        status=Status(message.status),
        model=message.model,
        reasoning=message.reasoning if is_answer else None,
        error=message.error.model_dump() if message.error else None,
        finish_reason=message.finish_reason,
        usage=message.usage.model_dump() if message.usage else None,
        timing=message.timing.model_dump() if message.timing else None,
        cost=message.cost,
        citations=[citation.source().to_json() for citation in message.citations],
        left_out=message.left_out,
        unread_documents=message.unread_documents,
    )


def _parents(found: list[ImportedMessage]) -> list[int | None]:
    """Check that it is a tree of questions and answers. Raises Invalid."""
    beside = Counter((message.parent, message.role) for message in found)
    if beside and max(beside.values()) > MOST_BRANCHES:
        raise Invalid(f"messages: no message may have more than {MOST_BRANCHES} that follow it.")
    for at, message in enumerate(found):
        if message.parent is not None and message.parent >= at:
            raise Invalid(f"messages.{at}.parent: must be the place of a message before it.")
        before = None if message.parent is None else found[message.parent].role
        if message.role == "assistant" and before != "user":
            raise Invalid(f"messages.{at}.parent: an answer needs a question before it.")
        if message.role == "user" and message.status != "done":
            raise Invalid(f"messages.{at}.status: a question is done.")
        if message.role == "user" and (message.citations or message.left_out or message.unread_documents):
            raise Invalid(f"messages.{at}.citations: a question cites nothing.")
        imported_citations.check(f"messages.{at}.citations", message.citations)
    return [message.parent for message in found]
