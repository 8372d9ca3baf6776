"""The forms of a person's pages: begin, ask, stop, go on, try again, be named."""

from hashlib import sha256
from json import dumps

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from chat.core.log import StoreAway
from chat.store import budgets, conversations, messages
from chat.store.conversations import Conversation
from chat.store.messages import Asked
from chat.store.people import Person
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.api_messages import ask_in
from chat.web.api_streams import start
from chat.web.cookie import page_person
from chat.web.errors import HEADINGS, ApiError, Invalid, NotFound, answer, as_api_error
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.ids import new_id
from chat.web.limits_ask import admission
from chat.web.page_view import conversation_page, new_page, path_of
from chat.web.validation import NewMessage, check

forms = Blueprint("forms", __name__)

DRIVE_S = 30  # seconds that the page has to load after the redirect that follows a question

BLANK = "Write something first."
# Said on the page in words of its own: there is a person, not a program, to read it.
REFUSED = (
    *(ApiError, HTTPException),
    *(budgets.BudgetUsedUp, budgets.TooManyAnswers),
    *(messages.AnswerInProgress, messages.ClientIdReused, messages.StaleParent, messages.UnknownParent),
)
TROUBLE = {
    "answer_in_progress": "An answer is still being written. Stop it, or wait for its end.",
    "stale_parent": "Something new was written here meanwhile. Read it, then send yours: it is kept.",
    "client_id_reused": "This was sent before with another text. Reload the page, then send it again.",
    "too_large": "That is too long to send. Your text is still here: shorten it, and send it again.",
}


@forms.post("/c")
def begin() -> Response:
    """Begin a conversation with a question; its page drives the answer, once.

    The same question with the same `client_id` begins the same conversation, however often it is sent.
    """
    person = page_person()
    try:
        return _back(_begun(person, _question()), drive=True)
    except REFUSED as refused:
        told = as_api_error(refused)
        page = new_page(person, trouble=_trouble(told), draft=_text())
        return make_response(page, told.status, told.headers)


def _begun(person: Person, question: NewMessage) -> str:
    """Begin a conversation with this question; give its id."""
    made, conversation_id = house(), _id_for(person, question)
    admit = admission(person)

    def write(tx: Transaction) -> Asked:
        begun = conversations.get(tx.conn, conversation_id)
        conversation = begun or conversations.create(tx, owner=person, now=made.now(), id=conversation_id)
        return messages.ask(
            tx,
            made.streams,
            conversation=conversation,
            author=person,
            text=question.text,
            client_id=question.client_id,
            model=made.provider.default_model,
            chunk_by=made.settings.chunk_by,
            now=made.now(),
            admit=admit,
        )

    try:
        made.store.write(write)
    except IntegrityError:  # an equal one was faster
        made.store.write(write)
    return conversation_id


@forms.post("/c/<conversation_id>/messages")
def ask(conversation_id: str) -> Response:
    """Ask. A plain form comes back to the page; for htmx the composer changes, and nothing else."""
    person = page_person()
    conversation = access.conversation_or_404(conversation_id, need="ask")
    try:
        asked = ask_in(conversation, _question())
    except REFUSED as refused:
        return _refuse(person, conversation, as_api_error(refused))
    if not _by_htmx():
        return _back(conversation_id, drive=True)
    return _drives(_composer(conversation, parent_id=asked.message.id), asked)


@forms.post("/c/<conversation_id>/stop")
def stop(conversation_id: str) -> Response:
    """Stop the answer that the form names; harmless when it has ended."""
    house().engine.stop(_stream_of(conversation_id))
    return _done(conversation_id)


@forms.post("/c/<conversation_id>/continue")
def go_on(conversation_id: str) -> Response:
    """Claim an interrupted answer again: for pages without JavaScript; ours drive it themselves."""
    start(_stream_of(conversation_id), resume=True)
    return _done(conversation_id)


@forms.post("/c/<conversation_id>/again")
def again(conversation_id: str) -> Response:
    """Ask for another answer to the same question."""
    person = page_person()
    conversation = access.conversation_or_404(conversation_id, need="ask")
    made = house()
    answer_id, admit = _named("message_id"), admission(person)
    asked = made.store.write(
        lambda tx: messages.regenerate(
            tx,
            made.streams,
            conversation=conversation,
            answer_id=answer_id,
            asked_by=person,
            model=conversation.model or made.provider.default_model,
            chunk_by=made.settings.chunk_by,
            now=made.now(),
            admit=admit,
        )
    )
    return _drives(_done(conversation_id), asked) if _by_htmx() else _back(conversation_id, drive=True)


@forms.errorhandler(StoreAway)
@forms.errorhandler(OperationalError)
def keep(error: Exception) -> Response:
    """Show what was typed again when the database is away; no script may be there to keep it."""
    if _by_htmx() or not _text():
        return answer(error)
    told = as_api_error(error)
    kept = {name: request.form.get(name, "") for name in ("client_id", "parent_id")}
    shown = {"heading": HEADINGS[told.status], "message": told.message, "action": request.path}
    page = render_template("unsent.html", draft=_text(), kept=kept, **shown)
    return make_response(page, told.status, told.headers)


# ── what the forms say ───────────────────────────────────────────────────────────────────────


def _question() -> NewMessage:
    """Read what was typed. Raises ApiError (413, 422)."""
    text = _text()
    if not text.strip():
        raise Invalid(BLANK)
    parent_id = request.form.get("parent_id") or None
    client_id = request.form.get("client_id") or None
    return check(NewMessage, {"text": text, "client_id": client_id, "parent_id": parent_id})


def _id_for(person: Person, question: NewMessage) -> str:
    """Name the conversation that this question begins: by its `client_id`, if it has one.

    By its text too: a page that one came back to still has the id of what was asked there before.
    """
    if question.client_id is None:
        return new_id()
    said = "\n".join((person.id, question.client_id, question.text))
    return sha256(said.encode()).hexdigest()[:24]


def _text() -> str:
    return request.form.get("text", "").replace("\r\n", "\n")  # as forms write line ends


def _named(field: str) -> str:
    """Read an id; one with a NUL is no id, and PostgreSQL cannot be asked for it. Raises NotFound."""
    found = request.form.get(field, "")
    if NUL in found:
        raise NotFound
    return found


def _stream_of(conversation_id: str) -> str:
    """Read which answer of this conversation the form means. Raises NotFound, ReadOnly."""
    access.conversation_or_404(conversation_id, need="ask")
    stream_id = _named("stream_id")
    message = house().store.read(lambda conn: messages.by_stream(conn, stream_id))
    if message is None or message.conversation_id != conversation_id:
        raise NotFound
    return stream_id


# ── what the forms answer ────────────────────────────────────────────────────────────────────


def _by_htmx() -> bool:
    return request.headers.get("HX-Request") == "true"


def _see(path: str) -> Response:
    return make_response(redirect(path, code=303))


def _back(conversation_id: str, *, drive: bool = False) -> Response:
    """Go back to the page; `drive` tells it, once, to drive the answer (static/js/asked.js reads it)."""
    path = path_of(conversation_id)
    response = _see(path)
    if drive:
        response.set_cookie(
            "drive", "1", max_age=DRIVE_S, path=path, samesite="Lax", secure=request.is_secure
        )
    return response


def _done(conversation_id: str) -> Response:
    return make_response("", 204) if _by_htmx() else _back(conversation_id)


def _drives(response: Response, asked: Asked) -> Response:
    """Name the stream that the page is to drive now."""
    stream_id = asked.reply.stream_id if asked.reply else None
    response.headers["HX-Trigger"] = dumps({"headwater:sent": {"stream": stream_id}})
    return response


def _refuse(person: Person, conversation: Conversation, told: ApiError) -> Response:
    """Say what was wrong, beside the text, which is kept."""
    if _by_htmx():
        response = _composer(conversation, trouble=_trouble(told), client_id=request.form.get("client_id"))
        response.status_code = told.status
        response.headers.update(told.headers)
        return response
    page = conversation_page(person, conversation, trouble=_trouble(told), draft=_text())
    return make_response(page, told.status, told.headers)


def _trouble(told: ApiError) -> str:
    return TROUBLE.get(told.code, told.message)


def _composer(conversation: Conversation, **more: str | None) -> Response:
    """Answer with the composer alone. Only an answer that says so is swapped, so no error page ever is."""
    more = {"client_id": new_id(), **more}
    page = render_template(
        "parts/composer.html", conversation=conversation, path=path_of(conversation.id), draft=_text(), **more
    )
    return make_response(page, 200, {"HX-Reswap": "outerMorph"})
