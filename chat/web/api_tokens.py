"""`/api/tokens`: the tokens that programs act with; made, listed and taken back by the person, not by one."""

from typing import Any

from flask import Blueprint, Response, jsonify

from chat.store import tokens
from chat.store.tokens import Token, TooManyTokens
from chat.web.account_pages import NO_TOKENS, current_account, new_token, take_back
from chat.web.errors import ApiError
from chat.web.house import house
from chat.web.lists import page_response
from chat.web.shapes import time_json
from chat.web.validation import NewToken, read_body

api = Blueprint("api_tokens", __name__, url_prefix="/api/tokens")


@api.get("")
def list_own() -> Response:
    """List the caller's tokens, newest first; there are never more than fit on one page."""
    person_id = current_account().person.id
    found = house().store.read(lambda conn: tokens.of_person(conn, person_id))
    return page_response(found, token_json, None)


@api.post("")
def make() -> tuple[Response, int]:
    """Make a token; it is shown this once."""
    standing, asked = current_account(), read_body(NewToken)
    try:
        made, secret = new_token(standing, asked.name)
    except TooManyTokens as many:
        raise ApiError("too_many_tokens", 409, NO_TOKENS) from many
    return jsonify({**token_json(made), "token": secret}), 201


@api.delete("/<token_id>")
def revoke(token_id: str) -> tuple[str, int]:
    """Take a token back: it opens nothing more, and what it opened is cut."""
    take_back(current_account(), token_id)
    return "", 204


def token_json(token: Token) -> dict[str, Any]:
    """Give a token as its owner sees it; what it is itself is kept nowhere."""
    used = token.last_used_at
    return {
        "id": token.id,
        "name": token.name,
        "created_at": time_json(token.created_at),
        "last_used_at": time_json(used) if used is not None else None,
    }
