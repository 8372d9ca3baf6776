"""What is done to a conversation from the list at the side: rename, pin, delete, bring back."""

from flask import Blueprint, Response, make_response, redirect, render_template, request

from chat.core.one_line import one_line
from chat.store import conversations, discarding, messages
from chat.store.discarding import title_of_discarded
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.cookie import page_person
from chat.web.document_pages import line_asides
from chat.web.errors import NotFound
from chat.web.house import house
from chat.web.htmx import by_htmx, page_before
from chat.web.list_events import list_response
from chat.web.list_view import draw, read_list
from chat.web.page_view import path_of, title_of
from chat.web.validation import TITLE_LENGTH

lists = Blueprint("lists", __name__)


@lists.get("/events")
def events() -> Response:
    """Keep the list up to date on a page that shows no conversation, and the documents that it shows."""
    person = page_person()
    return list_response(person, line_asides(person))


@lists.get("/list")
def older() -> str:
    """Give the items after `?after=`, for a page that shows the ones before them."""
    return draw(read_list(house(), page_person().id, request.args.get("after")), None, older=True)


@lists.get("/c/<conversation_id>/menu")
def menu(conversation_id: str) -> str:
    """Show what can be done with a conversation: as a small panel, or as a page where no script runs."""
    person = page_person()
    found = access.conversation_or_404(conversation_id, need="read")
    return render_template(
        "parts/list_menu.html" if by_htmx() else "list_menu.html",
        person=person,
        conversation=found,
        path=path_of(found.id),
        words=title_of(found) or "New conversation",
        may_own=access.right_in(found.id) == "own",
    )


@lists.post("/c/<conversation_id>/rename")
def rename(conversation_id: str) -> Response:
    """Call it something else; nothing gives it its first words back."""
    access.conversation_or_404(conversation_id, need="own")
    title = one_line(request.form.get("title", ""), TITLE_LENGTH)
    house().store.write(lambda tx: conversations.change(tx, conversation_id, {"title": title or None}))
    return _done(conversation_id)


@lists.post("/c/<conversation_id>/pin")
def pin(conversation_id: str) -> Response:
    """Put it at the head of the list."""
    return _pinned(conversation_id, house().now())


@lists.post("/c/<conversation_id>/unpin")
def unpin(conversation_id: str) -> Response:
    """Let it stand where its last message puts it."""
    return _pinned(conversation_id, None)


@lists.post("/c/<conversation_id>/delete")
def delete(conversation_id: str) -> Response:
    """Hide it at once, from everybody; it is erased when nobody brings it back in time."""
    person = page_person()
    access.conversation_or_404(conversation_id, need="own")
    made = house()

    def remove(tx: Transaction) -> str | None:
        live = messages.live_stream(tx.conn, conversation_id)
        if made.settings.undo_s:
            discarding.discard(tx, conversation_id, made.now())
        else:
            conversations.delete(tx, made.streams, conversation_id)
        return live

    live = made.store.write(remove)
    if live is not None and made.settings.undo_s:
        made.engine.stop(live)  # what came of it is kept, for who brings it back
    elif live is not None:
        made.engine.forget(live)
    if not by_htmx():
        return _see(f"/?deleted={conversation_id}")
    if page_before().path == path_of(conversation_id):
        return _go(f"/?deleted={conversation_id}")
    title = made.store.read(lambda conn: title_of_discarded(conn, conversation_id, person.id))
    deleted = None if title is None else {"id": conversation_id, "title": title}
    return make_response(render_template("parts/notice.html", deleted=deleted))


@lists.post("/c/<conversation_id>/restore")
def restore(conversation_id: str) -> Response:
    """Bring back what was deleted, as it was. Raises NotFound when it is too late."""
    person, store = page_person(), house().store
    owner_id = store.read(lambda conn: discarding.owner_of_discarded(conn, conversation_id))
    if owner_id != person.id or not store.write(lambda tx: discarding.restore(tx, conversation_id)):
        raise NotFound
    if not by_htmx():
        return _see(path_of(conversation_id))
    came_by_deleting = page_before().query == f"deleted={conversation_id}"
    return _go(path_of(conversation_id)) if came_by_deleting else make_response("")


def _pinned(conversation_id: str, pinned_at: float | None) -> Response:
    access.conversation_or_404(conversation_id, need="own")
    house().store.write(lambda tx: conversations.pin(tx, conversation_id, pinned_at))
    return _done(conversation_id)


def _done(conversation_id: str) -> Response:
    return make_response("", 204) if by_htmx() else _see(path_of(conversation_id))


def _see(path: str) -> Response:
    return make_response(redirect(path, code=303))


def _go(path: str) -> Response:
    """Have htmx load another page."""
    return make_response("", 200, {"HX-Redirect": path})
