"""The list at the side as HTML, and the sign by which a page knows whether what it shows is still so."""

from dataclasses import dataclass
from hashlib import blake2s
from re import DOTALL
from re import compile as pattern
from typing import Any

from flask import current_app, request
from markupsafe import Markup

from chat.store.discarding import title_of_discarded
from chat.store.listing import Listed, listed
from chat.store.people import Person
from chat.web.house import House, house

LISTED = 50  # conversations at the side; older ones are a page further


def list_context(person: Person, current: str | None) -> dict[str, Any]:
    """Give what the list's template shows; `current` is the conversation that the page is about."""
    after = request.args.get("after") if request.endpoint == "pages.home" else None
    html = draw(read_list(house(), person.id, after), current, older=after is not None)
    # A page of older ones is not kept up to date: it would become the newest ones.
    return {"list_items": Markup(html), "list_sign": sign_of(html) if after is None else None}


def read_list(made: House, person_id: str, after: str | None = None) -> Listed:
    """Read a page of a person's list. Raises BadPage."""
    return made.store.read(lambda conn: listed(conn, person_id, LISTED, after))


def draw(found: Listed, current: str | None, *, older: bool = False) -> str:
    """Draw the items. Needs an app context, and no request: open lines draw them too."""
    template = current_app.jinja_env.get_template("parts/list_items.html")
    return template.render(found=found, current=current, older=older)


def sign_of(html: str) -> str:
    """Give a short sign of what is shown: another list has another one."""
    return blake2s(html.encode(), digest_size=6).hexdigest()


ITEM = pattern(r'<li id="l-(\w+)".*?</li>', DOTALL)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a page shows of its list, in short: the order of the items, and a sign of each."""

    frame: str
    items: dict[str, str]


def drawn_of(html: str) -> Drawn:
    """Note what was drawn, to tell later what of it changed."""
    items = {item[1]: sign_of(item[0]) for item in ITEM.finditer(html)}
    return Drawn(sign_of(ITEM.sub(r"\1", html)), items)


def swaps(html: str, before: Drawn | None) -> str:
    """Write how a page that shows `before` (None: who knows) comes to show this: what differs, or all."""
    now = drawn_of(html)
    if before is None or before.frame != now.frame:
        return f'<hx-partial hx-target="#list-now" hx-swap="innerMorph">{html}</hx-partial>'
    changed = (item for item in ITEM.finditer(html) if before.items[item[1]] != now.items[item[1]])
    return "".join(
        f'<hx-partial hx-target="#l-{item[1]}" hx-swap="outerMorph">{item[0]}</hx-partial>'
        for item in changed
    )


def notice_context(person: Person) -> dict[str, Any]:
    """Give what a page says of the conversation that was deleted on the way to it, if it can come back."""
    conversation_id = request.args.get("deleted", "")
    if not conversation_id or "\x00" in conversation_id:
        return {}
    found = house().store.read(lambda conn: title_of_discarded(conn, conversation_id, person.id))
    return {} if found is None else {"deleted": {"id": conversation_id, "title": found}}
