"""The composer's two forms: a question that begins a conversation, and one that goes on with it."""

from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from chat.core.log import StoreAway
from chat.store import budgets, conversations, discarding, messages
from chat.store.conversations import Conversation
from chat.store.messages import Asked
from chat.store.people import Person
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.api_messages import ask_in
from chat.web.choice import asked_choice
from chat.web.cookie import page_person
from chat.web.errors import HEADINGS, ApiError, Invalid, answer, as_api_error
from chat.web.house import house
from chat.web.htmx import by_htmx
from chat.web.ids import new_id
from chat.web.limits_ask import admission
from chat.web.page_answers import back, composer, drives, typed
from chat.web.page_view import conversation_page, new_page
from chat.web.validation import NewMessage, check

forms = Blueprint("forms", __name__)

BLANK = "Write something first."
DELETED = "This was sent before, and its conversation was deleted. Send it again to begin anew."
# Said on the page in words of its own: there is a person, not a program, to read it.
REFUSED = (
    *(ApiError, HTTPException),
    *(budgets.BudgetUsedUp, budgets.TooManyAnswers),
    *(messages.AnswerInProgress, messages.ClientIdReused, messages.StaleParent, messages.UnknownParent),
)
TROUBLE = {
    "answer_in_progress": "An answer is still being written. Stop it, or wait for its end.",
    "stale_parent": "Something new was written here meanwhile. Read it, then send yours: it is kept.",
    "client_id_reused": "This was sent before, with another text. Send it again to ask this too.",
    "too_large": "That is too long to send. Your text is still here: shorten it, and send it again.",
}
GONE = "What this would follow is not there any more. Your text is still here: send it again."
KEPT = ("client_id", "parent_id", "branch", "editing", "model", "system", "temperature")


@forms.post("/c")
def begin() -> Response:
    """Begin a conversation with a question; its page drives the answer, once.

    The same question with the same `client_id` begins the same conversation, however often it is sent.
    """
    person = page_person()
    try:
        return back(_begun(person, _question(), asked_choice() | _asked_library()), drive=True)
    except REFUSED as refused:
        return _refuse(person, None, refused)


def _begun(person: Person, question: NewMessage, choice: dict[str, Any]) -> str:
    """Begin a conversation with this question; give its id."""
    made, conversation_id = house(), _id_for(person, question)
    admit = admission(person)

    def write(tx: Transaction) -> Asked:
        begun = conversations.get(tx.conn, conversation_id)
        conversation = begun or conversations.create(
            tx, owner=person, now=made.now(), id=conversation_id, **choice
        )
        return messages.ask(
            tx,
            made.streams,
            conversation=conversation,
            author=person,
            text=question.text,
            client_id=question.client_id,
            model=conversation.model or made.provider.default_model,
            chunk_by=made.settings.chunk_by,
            now=made.now(),
            admit=admit,
        )

    try:
        made.store.write(write)
    except IntegrityError as error:  # an equal one was faster
        if made.store.read(lambda conn: discarding.owner_of_discarded(conn, conversation_id)):
            raise ApiError("deleted", 409, DELETED) from error
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
        return _refuse(person, conversation, refused)
    if not by_htmx():
        return back(conversation_id, drive=True)
    return drives(composer(person, conversation, parent_id=asked.message.id), asked)


@forms.errorhandler(StoreAway)
@forms.errorhandler(OperationalError)
def keep(error: Exception) -> Response:
    """Show what was typed again when the database is away; no script may be there to keep it."""
    if by_htmx() or not typed():
        return answer(error)
    told = as_api_error(error)
    kept = {name: request.form.get(name, "") for name in KEPT}
    shown = {"heading": HEADINGS[told.status], "message": told.message, "action": request.path}
    page = render_template("unsent.html", draft=typed(), kept=kept, **shown)
    return make_response(page, told.status, told.headers)


# ── what the forms say ───────────────────────────────────────────────────────────────────────


def _question() -> NewMessage:
    """Read what was typed. Raises ApiError (413, 422)."""
    text = typed()
    if not text.strip():
        raise Invalid(BLANK)
    said = {name: request.form.get(name) or None for name in ("client_id", "parent_id")}
    return check(NewMessage, {"text": text, **said, "branch": request.form.get("branch") == "1"})


def _asked_library() -> dict[str, Any]:
    """Read whether the new conversation draws on the library; where nobody says, it does."""
    said = request.form.getlist("library")
    return {"library": "on" in said or not said}


def _id_for(person: Person, question: NewMessage) -> str:
    """Name the conversation that this question begins: by its `client_id`, if it has one.

    By its text too: a page that one came back to still has the id of what was asked there before.
    """
    if question.client_id is None:
        return new_id()
    said = "\n".join((person.id, question.client_id, question.text))
    return sha256(said.encode()).hexdigest()[:24]


# ── what the forms answer ────────────────────────────────────────────────────────────────────


def _refuse(person: Person, conversation: Conversation | None, refused: Exception) -> Response:
    """Say what was wrong, beside the text, which is kept."""
    told = as_api_error(refused)
    trouble = GONE if isinstance(refused, messages.UnknownParent) else TROUBLE.get(told.code, told.message)
    client_id = None if told.code == "client_id_reused" else request.form.get("client_id")
    more = {"trouble": trouble, "client_id": client_id or new_id()}
    if by_htmx():
        form = {name: request.form.get(name) for name in ("parent_id", "editing")}
        response = composer(person, conversation, **form, branch_off=request.form.get("branch"), **more)
        if told.code == "stale_parent":  # the page has missed what is newer, and asks for it
            response.headers["HX-Trigger"] = "headwater:astray"
    elif conversation is None:
        response = make_response(new_page(person, draft=typed(), **more))
    else:
        response = make_response(conversation_page(person, conversation, draft=typed(), **more))
    response.status_code = told.status
    response.headers.update(told.headers)
    return response
