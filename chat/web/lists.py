"""What every list takes in its query, and the shape of a page of it."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Response, jsonify, request

from chat.store.paging import BadPage

ON_A_PAGE = 50
LONGEST_NUMBER = 9  # digits; more would be out of range anyway

Item = TypeVar("Item")


def asked_limit() -> int:
    """Read `?limit=`, 50 when it is not there; its range is the store's to check. Raises BadPage."""
    raw = request.args.get("limit")
    if raw is None:
        return ON_A_PAGE
    if not (raw.isascii() and raw.isdigit() and len(raw) <= LONGEST_NUMBER):
        raise BadPage("limit must be a whole number")
    return int(raw)


def page_response(items: Iterable[Item], shape: Callable[[Item], Any], further: str | None) -> Response:
    """Answer with one page; `next` is null at the end."""
    return jsonify(items=[shape(item) for item in items], next=further)
