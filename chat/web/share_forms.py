"""The forms of the share panel: link, invitations, members; each answers with the panel as it is then."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy import Connection

from chat.store import members, shares
from chat.store.members import Invitation, TooMany
from chat.store.rights import Role
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.cookie import page_person
from chat.web.errors import Invalid
from chat.web.house import house
from chat.web.page_view import conversation_page, path_of
from chat.web.share_panel import ROLES, TIMES, share_panel

forms = Blueprint("share_forms", __name__)

FULL = "There are as many invitations here as there may be. Take one back first."


@forms.post("/c/<conversation_id>/share")
def share(conversation_id: str) -> Response:
    """Make the live link, and show it this once."""
    _own(conversation_id)
    now, expires_at = house().now(), _expires_at()
    write = partial(shares.create, conversation_id=conversation_id, now=now, expires_at=expires_at)
    return _panel(conversation_id, share_url=address("s", house().store.write(write)))


@forms.post("/c/<conversation_id>/unshare")
def unshare(conversation_id: str) -> Response:
    """Take the live link back; who reads along is cut off. Twice is harmless."""
    _own(conversation_id)
    house().store.write(partial(shares.revoke, conversation_id=conversation_id))
    return _panel(conversation_id)


@forms.post("/c/<conversation_id>/invitations")
def invite(conversation_id: str) -> Response:
    """Make an invitation, and show its link this once."""
    _own(conversation_id)
    now, role, expires_at = house().now(), _role(), _expires_at()

    def write(tx: Transaction) -> str:
        return members.invite(tx, conversation_id, role, now, expires_at)[1]

    try:
        token = house().store.write(write)
    except TooMany:
        return _panel(conversation_id, share_trouble=FULL)
    return _panel(conversation_id, invite_url=address("i", token), invite_role=role)


@forms.post("/c/<conversation_id>/invitations/<invitation_id>/withdraw")
def withdraw(conversation_id: str, invitation_id: str) -> Response:
    """Take an invitation back. Twice is harmless."""
    _own(conversation_id)
    house().store.write(lambda tx: members.withdraw(tx, conversation_id, invitation_id))
    return _panel(conversation_id)


@forms.post("/c/<conversation_id>/members/<person_id>/role")
def set_role(conversation_id: str, person_id: str) -> Response:
    """Let a member do more, or less, from now on."""
    _own(conversation_id)
    role = _role()
    house().store.write(lambda tx: members.set_role(tx, conversation_id, person_id, role))
    return _panel(conversation_id)


@forms.post("/c/<conversation_id>/members/<person_id>/remove")
def remove(conversation_id: str, person_id: str) -> Response:
    """Let a member go; what they have open is closed. Twice is harmless."""
    _own(conversation_id)
    house().store.write(lambda tx: members.remove(tx, conversation_id, person_id))
    return _panel(conversation_id)


@forms.post("/c/<conversation_id>/sharing")
def look_again(conversation_id: str) -> Response:
    """Show the panel as it is now: it was opened, and somebody may have joined since. Changes nothing."""
    _own(conversation_id)
    panel = _panel(conversation_id)
    panel.headers["HX-Reswap"] = "innerMorph"  # what somebody is about to press stays where it is
    return panel


@forms.post("/c/<conversation_id>/leave")
def leave(conversation_id: str) -> Response:
    """Be a member no more; the owner cannot leave, but delete."""
    person = page_person()
    access.conversation_or_404(conversation_id, need="read")
    house().store.write(lambda tx: members.remove(tx, conversation_id, person.id))
    return make_response(redirect("/", code=303))


def address(kind: str, token: str) -> str:
    """Give the whole address of a link with this token."""
    return f"{request.url_root}{kind}/{token}"


def _own(conversation_id: str) -> None:
    page_person()
    access.conversation_or_404(conversation_id, need="own")


def _expires_at() -> float | None:
    """Read how long a link is to be good. Raises Invalid."""
    chosen = request.form.get("expires_in", "")
    if chosen not in dict(TIMES):
        raise Invalid("A link is good for an hour, a day, a week, or until it is taken back.")
    return house().now() + int(chosen) if chosen else None


def _role() -> Role:
    """Read which role is meant. Raises Invalid."""
    match request.form.get("role"):
        case "viewer":
            return "viewer"
        case "co-driver":
            return "co-driver"
    raise Invalid(f"A role is {' or '.join(name for name, _ in ROLES)}.")


def _panel(conversation_id: str, **more: Any) -> Response:
    """Show the panel: alone for htmx, else on its page, open."""
    if request.headers.get("HX-Request") != "true":
        conversation = access.conversation_or_404(conversation_id, need="own")
        return make_response(conversation_page(page_person(), conversation, share_open=True, **more))
    shown = {"path": path_of(conversation_id), **share_panel(conversation_id), **_still_good(conversation_id)}
    panel = render_template("parts/share_body.html", **{**shown, **more})
    return make_response(panel, 200, {"HX-Reswap": "innerHTML"})


def _still_good(conversation_id: str) -> dict[str, Any]:
    """Show the links again that the panel was showing, as long as they open this conversation."""
    now = house().now()
    token, invitation_token = _token_shown("share_url"), _token_shown("invite_url")

    def look(conn: Connection) -> tuple[shares.Link | None, Invitation | None]:
        return shares.opened_by(conn, token, now), members.invitation_by(conn, invitation_token, now)

    link, invitation = house().store.read(look)
    shown: dict[str, Any] = {}
    if link and link.conversation_id == conversation_id:
        shown["share_url"] = address("s", token)
    if invitation and invitation.conversation_id == conversation_id:
        shown |= {"invite_url": address("i", invitation_token), "invite_role": invitation.role}
    return shown


def _token_shown(field: str) -> str:
    return request.form.get(field, "").rpartition("/")[2]
