"""What a page's forms answer: back to the page, or for htmx as little as has changed."""

from json import dumps

from flask import Response, make_response, redirect, render_template, request

from chat.store.conversations import Conversation
from chat.store.messages import Asked
from chat.store.people import Person
from chat.web.htmx import by_htmx
from chat.web.ids import new_id
from chat.web.page_view import path_of

DRIVE_S = 30  # seconds that the page has to load after the redirect that follows a question


def typed() -> str:
    """Read the question's field."""
    return request.form.get("text", "").replace("\r\n", "\n")  # as forms write line ends


def back(conversation_id: str, *, drive: bool = False) -> Response:
    """Go to the page; `drive` tells it, once, to drive the answer (static/js/asked.js reads it)."""
    path = path_of(conversation_id)
    to = {"HX-Redirect": path}
    response = make_response("", 200, to) if by_htmx() else make_response(redirect(path, code=303))
    if drive:
        response.set_cookie(
            "drive", "1", max_age=DRIVE_S, path=path, samesite="Lax", secure=request.is_secure
        )
    return response


def done(conversation_id: str) -> Response:
    """Say no more than that it is done: what changed comes by the page's own line."""
    return make_response("", 204) if by_htmx() else back(conversation_id)


def drives(response: Response, asked: Asked) -> Response:
    """Name the stream that the page is to drive now."""
    stream_id = asked.reply.stream_id if asked.reply else None
    response.headers["HX-Trigger"] = dumps({"headwater:sent": {"stream": stream_id}})
    return response


def composer(person: Person, conversation: Conversation | None, **more: str | None) -> Response:
    """Answer with the composer alone. Only an answer that says so is swapped, so no error page ever is."""
    more = {"client_id": new_id(), **more}
    path = path_of(conversation.id) if conversation else None
    page = render_template(
        "parts/composer.html", person=person, conversation=conversation, path=path, draft=typed(), **more
    )
    return make_response(page, 200, {"HX-Reswap": "outerMorph"})
