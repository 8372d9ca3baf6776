"""The pages of an admin: people, what is being written, usage, prices. To others they do not exist."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from chat.store import ledger, oversight
from chat.web import access
from chat.web.errors import NotFound
from chat.web.figures import money
from chat.web.gate import NUL
from chat.web.house import house
from chat.web.shapes import time_json
from chat.web.usage import cost_words

admin = Blueprint("admin", __name__, url_prefix="/admin")

LONGEST_NUMBER = 6  # digits of a page's number


@admin.before_request
def only_admins() -> None:
    """Let these pages be there for admins alone."""
    access.require_admin()


@admin.get("")
def people() -> Response:
    """Show people, the newest first; `?q=` searches names and logins."""
    words, page = request.args.get("q", "").replace(NUL, "").strip(), _page()
    look = partial(oversight.people_page, now=house().now(), words=words, page=page)
    found, more = house().store.read(look)
    return shown("admin_people.html", people=found, words=words, page=page, more=more)


@admin.get("/people/<person_id>")
def person(person_id: str) -> Response:
    """Show one person: what they used, what they may."""
    return person_page(person_id)


@admin.get("/live")
def live() -> Response:
    """Show what is being written now."""
    return shown("admin_live.html", streams=house().store.read(oversight.underway), now=house().now())


@admin.get("/usage")
def usage() -> Response:
    """Show what everybody used in the last 30 days, by day and model."""
    since = ledger.month_of(house().now())
    lines = house().store.read(lambda conn: ledger.lines(conn, since))
    month = ledger.total([(line.model, line.usage) for line in lines])
    return shown("admin_usage.html", lines=lines, month=month)


@admin.get("/prices")
def prices() -> Response:
    """Show what models cost."""
    return prices_page()


def person_page(person_id: str, trouble: str = "", typed: Any = None, status: int = 200) -> Response:
    """Show one person, with what was wrong in a form about them. Raises NotFound."""
    made = house()
    found = made.store.read(lambda conn: oversight.someone(conn, person_id, made.now()))
    if found is None:
        raise NotFound
    settings = made.settings
    usual = {name: getattr(settings, name) for name in ("daily_tokens", "daily_cost", "live_answers")}
    since = ledger.month_of(made.now())
    lines = made.store.read(lambda conn: ledger.lines(conn, since, person_id))
    is_me = access.require_admin().id == person_id
    more = {"trouble": trouble, "typed": typed, "usual": usual, "lines": lines, "is_me": is_me}
    return shown("admin_person.html", status=status, one=found, **more)


def prices_page(trouble: str = "", typed: Any = None, status: int = 200) -> Response:
    """Show the prices, with what was wrong in the form about them."""
    listed = house().store.read(house().prices.all)
    used = house().store.read(lambda conn: ledger.unpriced_models(conn, ledger.month_of(house().now())))
    return shown(
        "admin_prices.html", status=status, prices=listed, unpriced=used, trouble=trouble, typed=typed
    )


def shown(template: str, status: int = 200, **more: Any) -> Response:
    """Show an admin page."""
    words = {"money": money, "cost_words": cost_words, "time": time_json, "admin": access.require_admin()}
    return make_response(render_template(template, **words, **more), status)


def _page() -> int:
    raw = request.args.get("page", "1")
    is_number = raw.isascii() and raw.isdigit() and len(raw) <= LONGEST_NUMBER
    return max(1, int(raw)) if is_number else 1
