"""The forms of the share panel: make the live link, take it back."""

from collections.abc import Callable

from flask import Blueprint, Response, make_response, render_template, request

from chat.store import shares
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.cookie import page_person
from chat.web.house import house
from chat.web.page_view import conversation_page, path_of

forms = Blueprint("share_forms", __name__)


@forms.post("/c/<conversation_id>/share")
def share(conversation_id: str) -> Response:
    """Make the live link, and show it this once."""
    now = house().now()
    return _shared(conversation_id, lambda tx: shares.create(tx, conversation_id, now))


@forms.post("/c/<conversation_id>/unshare")
def unshare(conversation_id: str) -> Response:
    """Take the live link back; who reads along is cut off."""
    return _shared(conversation_id, lambda tx: _revoke(tx, conversation_id))


def _shared(conversation_id: str, write: Callable[[Transaction], str | None]) -> Response:
    """Make or take back the link, and show the panel as it is then."""
    person = page_person()
    conversation = access.conversation_or_404(conversation_id, need="own")
    token = house().store.write(write)
    url = f"{request.url_root}s/{token}" if token else None
    if request.headers.get("HX-Request") != "true":
        return make_response(conversation_page(person, conversation, shared=bool(token), share_url=url))
    panel = render_template(
        "parts/share_body.html", path=path_of(conversation_id), shared=bool(token), share_url=url
    )
    return make_response(panel, 200, {"HX-Reswap": "innerHTML"})


def _revoke(tx: Transaction, conversation_id: str) -> None:
    shares.revoke(tx, conversation_id)  # twice is harmless
