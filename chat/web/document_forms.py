"""The forms of documents: add files, rename, delete, bring back; whether answers draw on the library."""

from collections.abc import Iterator

from flask import Blueprint, Response, make_response, redirect, render_template, request

from chat.core.documents.file_names import clean_name
from chat.store import conversations, document_rights, documents
from chat.store.documents import Document, TooManyDocuments, TooMuch
from chat.store.people import Person
from chat.web import access
from chat.web.api_documents import asked_place
from chat.web.cookie import page_person
from chat.web.document_gone import as_deleted, restorable
from chat.web.document_intake import NEW, take_in
from chat.web.document_pages import conversation_documents, home_of, library_page
from chat.web.document_view import document_path
from chat.web.errors import ApiError, Invalid, NotFound, as_api_error
from chat.web.house import house
from chat.web.htmx import by_htmx, page_before
from chat.web.page_view import new_page, path_of
from chat.web.uploads import Upload, is_form, read_form

forms = Blueprint("document_forms", __name__)

NO_FILE = "Choose a file first."


@forms.post("/documents")
def add() -> Response:
    """Add the files of a form to the library, or to the conversation that the address names."""
    person, place = page_person(), asked_place(need="ask")
    added: list[Document] = []
    try:
        for upload in _uploads(person):
            added.append(take_in(person, place, upload))
            place = added[0].conversation_id  # the one that was begun for the first
        if not added:
            raise Invalid(NO_FILE)
    except (ApiError, TooManyDocuments, TooMuch) as refused:
        return _refused(person, place, len(added), as_api_error(refused))
    return _see(path_of(place) if place else "/library")


def _uploads(person: Person) -> Iterator[Upload]:
    """Give the files as they come. Raises ApiError."""
    if not is_form():
        raise Invalid(NO_FILE)
    house().rates.upload.count(person.id)
    for part in read_form(house().settings.document_bytes):
        if isinstance(part, Upload) and part.name:  # a browser sends an empty one where none was chosen
            yield Upload(clean_name(part.name), part.spool)
            house().rates.upload.count(person.id)


def _refused(person: Person, place: str | None, before: int, told: ApiError) -> Response:
    """Say what was wrong, on the page that shows what was added before that."""
    done = "The first file was added." if before == 1 else f"The first {before} files were added."
    trouble = f"{done} {told.message}" if before else told.message
    if place == NEW:
        page = new_page(person, trouble=trouble)
    elif place is None:
        page = library_page(person, trouble)
    else:
        page = conversation_documents(person, access.conversation_or_404(place), trouble)
    return make_response(page, told.status, told.headers)


@forms.post("/d/<document_id>/rename")
def rename(document_id: str) -> Response:
    """Call it otherwise; an empty name changes nothing."""
    page_person()
    access.document_or_404(document_id, need="change")
    said, made = request.form.get("name", "").strip(), house()
    if said:
        made.store.write(lambda tx: documents.rename(tx, document_id, clean_name(said), made.now()))
    path = document_path(document_id)
    if not by_htmx():
        return _see(path)
    return _go(path) if page_before().path == path else make_response("", 204)


@forms.post("/d/<document_id>/delete")
def delete(document_id: str) -> Response:
    """Hide it at once from everybody and from answers; it is erased when nobody brings it back in time."""
    page_person()
    found, made = access.document_or_404(document_id, need="change"), house()
    may_come_back = bool(made.settings.undo_s)
    if may_come_back:
        made.store.write(lambda tx: documents.discard(tx, document_id, made.now()))
    else:
        made.store.write(lambda tx: documents.delete(tx, document_id))
    after = f"{home_of(found)}?gone={document_id}" if may_come_back else home_of(found)
    if not by_htmx():
        return _see(after)
    if page_before().path == document_path(document_id):
        return _go(after)
    deleted = as_deleted(found) if may_come_back else None
    return make_response(render_template("parts/notice.html", deleted=deleted))


@forms.post("/d/<document_id>/restore")
def restore(document_id: str) -> Response:
    """Bring back what was deleted, as it was. Raises NotFound when it is too late."""
    person, store = page_person(), house().store
    found, theirs = restorable(person, document_id), document_rights.restorable(person.id)
    if found is None or store.write(lambda tx: documents.restore(tx, document_id, theirs)) is None:
        raise NotFound
    return make_response("") if by_htmx() else _see(home_of(found))


@forms.post("/c/<conversation_id>/library")
def use_library(conversation_id: str) -> Response:
    """Let answers here draw on the owner's library too, or not."""
    page_person()
    access.conversation_or_404(conversation_id, need="own")
    fields = {"library": request.form.get("library") == "on"}
    house().store.write(lambda tx: conversations.change(tx, conversation_id, fields))
    return make_response("", 204) if by_htmx() else _see(path_of(conversation_id))


def _see(path: str) -> Response:
    return make_response(redirect(path, code=303))


def _go(path: str) -> Response:
    """Have htmx load another page."""
    return make_response("", 200, {"HX-Redirect": path})
