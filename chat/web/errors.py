"""What clients are told when something is refused or broken: JSON under /api, a plain page elsewhere."""

from collections.abc import Callable
from math import ceil
from typing import Any

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from sqlalchemy.exc import OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException
from wsproto.utilities import ProtocolError

from chat.core.log import OffsetProblem, StoreAway
from chat.generation.answers import USED_UP
from chat.generation.engine import Draining
from chat.generation.refusal import Refused
from chat.store import budgets, documents, messages
from chat.store.conversations import ConversationGone
from chat.store.paging import BadPage

log = structlog.get_logger()

NOTHING_HERE = "There is nothing here, or not for you."
TOO_MANY_DOCUMENTS = "You have as many documents as one may have here. Delete one first."
TOO_MANY_BYTES = "With this one your documents would take more room than one may have. Delete some first."
SOON = "2"  # seconds after which it is worth trying again


class ApiError(Exception):
    """A refusal with its code, its HTTP status and plain words; `more` stands beside them in the JSON."""

    def __init__(
        self, code: str, status: int, message: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.more = {name: value for name, value in more.items() if value is not None}

    def body(self) -> dict[str, Any]:
        """Give the JSON object of WIRE §1."""
        return {"error": {"code": self.code, "message": self.message, **self.more}}


class NotFound(ApiError):
    """Unknown or foreign: the same answer for both."""

    def __init__(self) -> None:
        super().__init__("not_found", 404, NOTHING_HERE)


class Unauthorized(ApiError):
    """Nobody is named, or by a token that this server never gave."""

    def __init__(self, message: str = "Say who you are: send a bearer token.") -> None:
        super().__init__("unauthorized", 401, message, headers={"WWW-Authenticate": "Bearer"})


class SignInRequired(ApiError):
    """Only people with an account may come, and this is nobody's."""

    def __init__(self) -> None:
        told = "Only people with an account may come here. Log in first."
        super().__init__("sign_in_required", 401, told, headers={"WWW-Authenticate": "Bearer"})


class SignedOut(ApiError):
    """A form of a browser whose person was signed out since it was shown."""

    def __init__(self) -> None:
        super().__init__("signed_out", 401, "You have been signed out here. Reload the page to go on.")


class ReadOnly(ApiError):
    """They may read, but neither ask nor change."""

    def __init__(self) -> None:
        super().__init__("read_only", 403, "You may read this conversation, but not ask or change anything.")


class CrossOrigin(ApiError):
    """An unsafe request by cookie that our own pages did not send."""

    def __init__(self) -> None:
        super().__init__("cross_origin", 403, "This request did not come from this server's own pages.")


class Invalid(ApiError):
    """Understood, and wrong."""

    def __init__(self, message: str, code: str = "invalid", **more: Any) -> None:
        super().__init__(code, 422, message, **more)


class TooLarge(ApiError):
    def __init__(self, message: str) -> None:
        super().__init__("too_large", 413, message)


class RateLimited(ApiError):
    def __init__(self, seconds: int) -> None:
        super().__init__(
            "rate_limited", 429, "Too many at once. Wait a moment.", headers={"Retry-After": str(seconds)}
        )


class UsedUp(ApiError):
    """Their budget of the day; nothing was asked."""

    def __init__(self, wait_s: float, code: str = "budget_used_up", message: str = USED_UP) -> None:
        super().__init__(code, 429, message, headers={"Retry-After": str(max(1, ceil(wait_s)))})


class TooManyAnswers(ApiError):
    """As many of their answers as may be are being written; nothing was asked."""

    def __init__(self, most: int) -> None:
        said = f"{most} of your answers are being written. Wait for the end of one, or stop it."
        super().__init__("too_many_answers", 429, said, headers={"Retry-After": SOON}, most=most)


class AnswerInProgress(ApiError):
    def __init__(self, stream_id: str | None) -> None:
        super().__init__(
            "answer_in_progress", 409, "An answer is still being written here.", stream_id=stream_id
        )


class ServerLeaving(ApiError):
    """This process is on its way out; the next one takes the question."""

    def __init__(self) -> None:
        super().__init__(
            "restarting",
            503,
            "The server is restarting. Try again in a moment.",
            headers={"Retry-After": SOON},
        )


# What the floors below raise, in the words of HTTP.
_TOLD: dict[type[Exception], Callable[[Any], ApiError]] = {
    OffsetProblem: lambda e: ApiError(e.code, e.status, _sentence(e), length=e.length, epoch=e.epoch),
    Draining: lambda e: ServerLeaving(),
    Refused: lambda e: UsedUp(e.wait_s, e.code, e.message),
    budgets.BudgetUsedUp: lambda e: UsedUp(e.wait_s),
    budgets.TooManyAnswers: lambda e: TooManyAnswers(e.most),
    BadPage: lambda e: Invalid(_sentence(e), "bad_page"),
    ConversationGone: lambda e: NotFound(),
    documents.DocumentGone: lambda e: NotFound(),
    documents.TooManyDocuments: lambda e: ApiError("too_many_documents", 409, TOO_MANY_DOCUMENTS),
    documents.TooMuch: lambda e: ApiError("too_many_bytes", 409, TOO_MANY_BYTES),
    messages.UnknownAnswer: lambda e: NotFound(),
    messages.AnswerInProgress: lambda e: AnswerInProgress(e.stream_id),
    messages.ClientIdReused: lambda e: ApiError(
        "client_id_reused", 409, "This client_id belongs to a question with another text."
    ),
    messages.StaleParent: lambda e: ApiError(
        "stale_parent", 409, "Somebody wrote after the message that you answer to."
    ),
    messages.UnknownParent: lambda e: Invalid("parent_id names no message of this conversation."),
    StoreAway: lambda e: _unavailable(e),
    OperationalError: lambda e: _unavailable(e),
    ProgrammingError: lambda e: _unavailable(e) if _lacks_tables(e) else _unexpected(e),
    ParseException: lambda e: ApiError("bad_request", 400, "The body is not chunked as HTTP has it."),
    ProtocolError: lambda e: ApiError("bad_request", 400, "That is not the handshake of a WebSocket."),
}

_WORDS = {
    400: ("bad_request", "The request could not be understood."),
    404: ("not_found", NOTHING_HERE),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("too_large", "The request is larger than this server takes."),
    415: ("unsupported_media_type", "Send JSON: Content-Type application/json."),
}

HEADINGS = {401: "Who is it?", 403: "Not allowed", 404: "Nothing here", 503: "In a moment"}


def as_api_error(error: Exception) -> ApiError:
    """Say any exception in the words of the wire; what nobody expected is logged and told without detail."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, HTTPException):
        return _from_werkzeug(error)
    for kind, told in _TOLD.items():
        if isinstance(error, kind):
            return told(error)
    return _unexpected(error)


def install(app: Flask) -> None:
    """Answer every exception of a request in words."""
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> Response:
    """Answer a request that this exception ended."""
    if isinstance(error, HTTPException) and (error.response is not None or (error.code or 500) < 400):
        return make_response(error.get_response())  # a redirect, or an answer that somebody chose
    told = as_api_error(error)
    response = jsonify(told.body()) if request.path.startswith("/api/") else _page(told)
    response.status_code = told.status
    response.headers.update(told.headers)
    return response


def _page(told: ApiError) -> Response:
    if request.headers.get("HX-Request") == "true":  # a script of the page asks: it has a place for the words
        return Response(told.message, mimetype="text/plain")
    heading = HEADINGS.get(told.status, "That did not work")
    # What is not there for a guest may be there for who they are.
    may_be_theirs = told.status == 401 or (told.status == 404 and request.path.startswith("/c/"))
    return make_response(
        render_template("error.html", heading=heading, message=told.message, may_be_theirs=may_be_theirs)
    )


def _from_werkzeug(error: HTTPException) -> ApiError:
    status = error.code or 500
    code, message = _WORDS.get(status, ("refused", "The request was refused."))
    allow = error.get_response().headers.get("Allow")
    return ApiError(code, status, message, headers={"Allow": allow} if allow else None)


def _unavailable(error: Exception) -> ApiError:
    """Say that it is worth trying again. The way to the database is logged where it broke, once."""
    if not isinstance(error, StoreAway):
        log.error("the database does not answer", exc_info=error)
    return ApiError(
        "database_unavailable",
        503,
        "The server cannot reach its data just now. Nothing is lost. Try again in a moment.",
        headers={"Retry-After": SOON},
    )


def _lacks_tables(error: ProgrammingError) -> bool:
    """Say whether the tables are older than this program: it started while nobody could look."""
    return getattr(error.orig, "sqlstate", None) in ("42P01", "42703")  # undefined_table, undefined_column


def _unexpected(error: Exception) -> ApiError:
    log.error("unexpected", exc_info=error)
    return ApiError("internal", 500, "Something went wrong on this server. It has been noted.")


def _sentence(error: Exception) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."
