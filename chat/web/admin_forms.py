"""The forms of an admin: what a person may use, who is shut out, an answer's end, the prices."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for

from chat.store import costs, oversight
from chat.store.costs import Price
from chat.web import access
from chat.web.admin_pages import only_admins, person_page, prices_page
from chat.web.errors import NotFound
from chat.web.gate import NUL
from chat.web.house import house

forms = Blueprint("admin_forms", __name__, url_prefix="/admin")
forms.before_request(only_admins)

MOST_TOKENS = 10**15
MOST_MONEY = 10.0**12
MOST_ANSWERS = 10**6
LONGEST_MODEL = 200  # characters, as the table holds them
NUMBERS = "Write numbers from 0 on; an empty field means what holds for all."
PRICES = "Write a model's name and two prices of a million tokens, from 0 on."


class NoNumber(ValueError):
    """That is no number, or none that is allowed."""


@forms.post("/people/<person_id>/limits")
def limit(person_id: str) -> Response:
    """Set what a person may use."""
    try:
        tokens = _given("daily_tokens", int, MOST_TOKENS)
        cost = _given("daily_cost", float, MOST_MONEY)
        live = _given("live_answers", int, MOST_ANSWERS)
    except NoNumber:
        return person_page(person_id, trouble=NUMBERS, typed=request.form, status=422)
    if not house().store.write(lambda tx: oversight.allow(tx, person_id, tokens, cost, live)):
        raise NotFound
    return _back("admin.person", person_id=person_id)


@forms.post("/people/<person_id>/disable")
def disable(person_id: str) -> Response:
    """Shut a person out, and stop what is written for them."""
    made = house()
    if access.require_admin().id == person_id:
        return person_page(person_id, trouble="You cannot shut yourself out.", status=422)
    now = made.now()
    if not made.store.write(lambda tx: oversight.disable(tx, person_id, now)):
        raise NotFound
    for stream_id in made.store.read(lambda conn: oversight.streams_of(conn, person_id)):
        made.engine.stop(stream_id)
    return _back("admin.person", person_id=person_id)


@forms.post("/people/<person_id>/enable")
def enable(person_id: str) -> Response:
    """Let a person in again."""
    if not house().store.write(lambda tx: oversight.disable(tx, person_id, None)):
        raise NotFound
    return _back("admin.person", person_id=person_id)


@forms.post("/live/<stream_id>/stop")
def stop(stream_id: str) -> Response:
    """Stop an answer, whosever it is; harmless when it has ended."""
    if house().engine.stop(stream_id) is None:
        raise NotFound
    return _back("admin.live")


@forms.post("/prices")
def set_price() -> Response:
    """Write what a model costs from now on."""
    model = request.form.get("model", "").strip()
    try:
        price = Price(_price("input"), _price("output"))
        if not model or len(model) > LONGEST_MODEL or NUL in model:
            raise NoNumber
    except NoNumber:
        return prices_page(trouble=PRICES, typed=request.form, status=422)
    made, now = house(), house().now()
    made.store.write(lambda tx: costs.set_price(tx, model, price, now))
    return _back("admin.prices")


@forms.post("/prices/remove")
def remove_price() -> Response:
    """Forget what was written of a model: the price of the settings holds again, if there is one."""
    model = request.form.get("model", "").replace(NUL, "")
    house().store.write(lambda tx: costs.remove_price(tx, model))
    return _back("admin.prices")


def _given(field: str, kind: Callable[[str], Any], most: float) -> Any:
    """Read a number; None for an empty field. Raises NoNumber."""
    raw = request.form.get(field, "").strip()
    if not raw:
        return None
    try:
        number = kind(raw)
    except ValueError:
        raise NoNumber(field) from None
    if not 0 <= number <= most:  # nor is it not a number
        raise NoNumber(field)
    return number


def _price(field: str) -> float:
    price = _given(field, float, MOST_MONEY)
    if price is None:
        raise NoNumber(field)
    return float(price)


def _back(endpoint: str, **values: Any) -> Response:
    return make_response(redirect(url_for(endpoint, **values), code=303))
