"""The routes of documents: add, list, read, rename, delete, and the original to save."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import AfterValidator, Field

from chat.core.documents.file_names import LONGEST, clean_name
from chat.core.documents.status import is_ready
from chat.core.sources import Source
from chat.store import documents, passages
from chat.store.document_rights import LIBRARY
from chat.store.paging import BadPage, check_limit
from chat.web import access
from chat.web.document_intake import NEW, take_in
from chat.web.document_original import original_response
from chat.web.document_view import document_json, passage_json
from chat.web.errors import Invalid
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.lists import LONGEST_NUMBER, asked_limit, page_response
from chat.web.uploads import Upload, is_form, read_file, read_form, refuse_large
from chat.web.validation import SOMETHING, Body, Whole, not_blank, read_body

api = Blueprint("api_documents", __name__, url_prefix="/api/documents")

LONGEST_QUESTION = 2000  # characters
FileName = Annotated[Whole, Field(max_length=LONGEST, json_schema_extra=SOMETHING), AfterValidator(not_blank)]


class DocumentChange(Body):
    name: FileName = Field(description="What it is called from now on; answers keep the name they had.")


@api.post("")
def add() -> tuple[Response, int]:
    """Add the file that is the body, or the first one of a form, to the library or to a conversation."""
    person = access.current_person()
    place = asked_place(need="ask")
    made = house()
    made.rates.upload.count(person.id)
    most = made.settings.document_bytes
    refuse_large(most)
    for upload in _uploads(most):
        with upload.spool:
            return jsonify(document_json(take_in(person, place, upload))), 201
    raise Invalid("The form holds no file.")


@api.get("")
def list_some() -> Response:
    """List the caller's library, or what was added to a conversation; the newest come first."""
    person, place = access.current_person(), asked_place(need="read")
    limit, after = asked_limit(), request.args.get("after")
    whose = partial(documents.page_of, limit=limit, after=after, conversation_id=place)
    items, further = house().store.read(whose if place else partial(whose, owner_id=person.id))
    return page_response(items, document_json, further)


@api.get("/search")
def search() -> Response:
    """Find the passages that an answer to `?q=` would be given: in a conversation, or from one's library."""
    person, said, place = access.current_person(), request.args.get("q", ""), asked_place(need="read")
    if not said.strip() or len(said) > LONGEST_QUESTION:
        raise Invalid(f"q is what to look for: from 1 to {LONGEST_QUESTION} characters.")
    made = house()
    made.rates.count_question(person.id)  # it takes what a question takes: a vector of the model's server
    found = made.retrieval.find(person.id, place or LIBRARY, said.replace(NUL, " "))
    return page_response(found, Source.to_json, None)


@api.get("/<document_id>")
def read(document_id: str) -> Response:
    """Give one: what it is, and how far it is read."""
    return jsonify(document_json(access.document_or_404(document_id)))


@api.patch("/<document_id>")
def change(document_id: str) -> Response:
    """Call it otherwise."""
    access.document_or_404(document_id, need="change")
    name = clean_name(read_body(DocumentChange).name)
    made = house()
    renamed = made.store.write(lambda tx: documents.rename(tx, document_id, name, made.now()))
    return jsonify(document_json(renamed))


@api.delete("/<document_id>")
def delete(document_id: str) -> tuple[str, int]:
    """Delete it: no answer draws on it from now on. What answers have quoted stays with them."""
    access.document_or_404(document_id, need="change")
    if not house().store.write(lambda tx: documents.delete(tx, document_id)):
        raise access.not_found()
    return "", 204


@api.get("/<document_id>/original")
def original(document_id: str) -> Response:
    """Give back the file as it came, to be saved."""
    return original_response(access.document_or_404(document_id))


@api.get("/<document_id>/passages")
def text(document_id: str) -> Response:
    """List the passages that it was cut into; there are none before it is ready."""
    found, limit, after = access.document_or_404(document_id), asked_limit(), _asked_number()
    check_limit(limit)
    look = partial(passages.page_of, document_id=found.id, after=after, limit=limit + 1)
    cut = house().store.read(look) if is_ready(found.status) else []
    return page_response(cut[:limit], passage_json, str(cut[limit - 1].number) if len(cut) > limit else None)


# ── what is asked for ────────────────────────────────────────────────────────────────────────


def asked_place(need: access.Need) -> str | None:
    """Read `?conversation_id=`: None for the library. Raises NotFound, ReadOnly; one is `new` to ask in."""
    said = request.args.get("conversation_id")
    if not said:
        return None
    return checked_place(said, need)


def checked_place(said: str, need: access.Need) -> str:
    """Check that the caller may do this in a conversation. Raises NotFound, ReadOnly."""
    if NUL in said:
        raise access.not_found()
    if said == NEW and need == "ask":
        return NEW
    return access.conversation_or_404(said, need=need).id


def _uploads(most: int) -> Iterator[Upload]:
    """Give the file that comes. Raises ApiError."""
    named = clean_name(request.args["name"]) if request.args.get("name", "").strip() else None
    if is_form():
        for part in read_form(most):
            if isinstance(part, Upload) and part.name:
                yield Upload(named or clean_name(part.name), part.spool)
    elif named is None:
        raise Invalid("Say in ?name= what the file is called: its ending says what it is.")
    else:
        yield read_file(named, most)


def _asked_number() -> int:
    raw = request.args.get("after")
    if raw is None:
        return 0
    if not (raw.isascii() and raw.isdigit() and len(raw) <= LONGEST_NUMBER):
        raise BadPage("after must be the number of a passage")
    return int(raw)
