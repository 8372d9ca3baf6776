"""What htmx says of a request: that a script of the page asks, and which page that is."""

from urllib.parse import SplitResult, urlsplit

from flask import request


def by_htmx() -> bool:
    """Say whether a script of the page asks, and not the browser for a whole page."""
    return request.headers.get("HX-Request") == "true"


def page_before() -> SplitResult:
    """Name the page on which htmx was told to do this."""
    try:
        return urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return urlsplit("")
