"""Requests to a Headwater server: calls that are answered at once, and bodies that are read as they come."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from chat.core.sse import Decoder, SseMessage

SILENCE_S = 40.0  # the server pings each 15 s: two missed and some, and the line is dead
LONGEST_EVENT = 8 << 20  # bytes; an answer of a megabyte comes as one event, and JSON may double it
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Unreachable(Exception):
    """Nobody answered, or the line broke; it may be worth another try."""


class Refused(Exception):
    """The server said no, in words for people."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.more = more  # what stands beside code and message, and `retry_after` in seconds


class BadAddress(Exception):
    """What was given as the server's address is none, or the token is none."""


class Line:
    """A body that is read as it comes. A context manager: leaving it hangs up."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response

    def events(self) -> Iterator[SseMessage]:
        """Give each event until the body ends. Raises Unreachable when the line breaks or falls silent."""
        decoder = Decoder(LONGEST_EVENT)
        while data := self._read():
            yield from decoder.feed(data)

    def _read(self) -> bytes:
        try:
            return self._response.read1(65536)
        except (OSError, HTTPException) as broken:
            raise Unreachable("the line broke") from broken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()


class Client:
    """One server as one person sees it."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = checked_address(url)
        self.token = checked_token(token) if token else None
        # An https proxy of the environment is used; what answers on this machine is never behind one.
        proxies = urllib.request.ProxyHandler({} if urlsplit(self.url).hostname in LOOPBACK else None)
        self._opener = urllib.request.build_opener(proxies, _NoRedirects)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask, and give the answer's JSON (None where there is none). Raises Refused, Unreachable."""
        raw = self.read(method, path, body)
        try:
            return json.loads(raw) if raw else None
        except ValueError as error:
            raise Refused(200, "not_headwater", f"What answers at {self.url} is not Headwater.") from error

    def read(self, method: str, path: str, body: Any = None) -> bytes:
        """Ask, and give the answer's bytes. Raises Refused, Unreachable."""
        response = self._send(method, path, body, "*/*")
        try:
            with response:
                return response.read()
        except (OSError, HTTPException) as broken:
            raise Unreachable(f"The line to {self.url} broke.") from broken

    def open(self, method: str, path: str, last_id: str | None = None) -> Line:
        """Open a body of server-sent events. Raises Refused, Unreachable."""
        response = self._send(method, path, None, "text/event-stream", last_id)
        if response.headers.get_content_type() != "text/event-stream":
            response.close()
            raise Unreachable("somebody in between answered")
        return Line(response)

    def _send(
        self, method: str, path: str, body: Any, accept: str, last_id: str | None = None
    ) -> HTTPResponse:
        headers = {"Accept": accept, "User-Agent": "headwater-terminal"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if last_id:
            headers["Last-Event-ID"] = last_id
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            answer: HTTPResponse = self._opener.open(request, timeout=SILENCE_S)
            return answer
        except urllib.error.HTTPError as error:
            raise _refusal(error, has_token=self.token is not None) from error
        except urllib.error.URLError as error:
            raise Unreachable(f"No server answers at {self.url} ({_reason(error.reason)}).") from error
        except (OSError, HTTPException) as error:
            raise Unreachable(f"No server answers at {self.url} ({_reason(error)}).") from error


def path_of(*parts: str, **query: Any) -> str:
    """Make an address below /api; what is None in the query is left out."""
    asked = urlencode({name: value for name, value in query.items() if value is not None})
    return "/api/" + "/".join(quote(part, safe="") for part in parts) + (f"?{asked}" if asked else "")


def checked_address(url: str) -> str:
    """Give a server's address without what stands behind it. Raises BadAddress."""
    try:
        parts = urlsplit(url.strip())
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.username is not None or any(map(str.isspace, url.strip())):
        raise BadAddress(f"{url!r} is no address of a server; one looks like https://chat.example.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def checked_token(token: str) -> str:
    """Give a token that can be sent. Raises BadAddress."""
    token = token.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise BadAddress("The token holds characters that no token has.")
    return token


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follow nobody elsewhere: the token would go along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _refusal(error: urllib.error.HTTPError, *, has_token: bool) -> Refused:
    wait = error.headers.get("Retry-After", "")
    more: dict[str, Any] = {"retry_after": float(wait)} if wait.isascii() and wait.isdigit() else {}
    try:
        told = json.loads(error.read(65536))["error"]
        code, message = str(told.pop("code")), str(told.pop("message"))
        more = told | more
    except (ValueError, LookupError, TypeError, AttributeError, OSError, HTTPException):
        code, message = "not_headwater", f"What answers there is not Headwater, and said {error.code}."
        if 300 <= error.code < 400:
            place = error.headers.get("Location", "elsewhere")
            message = f"The server sends to {place}: give that address, if you trust it."
    if error.code == 401:
        message = _who(has_token)
    return Refused(error.code, code, message, **more)


def _who(has_token: bool) -> str:
    if has_token:
        return "The server does not know this token. A new one: `python -m chat login`."
    return "The server wants to know who you are: `python -m chat login`, or set HEADWATER_TOKEN."


def _reason(error: object) -> str:
    return str(getattr(error, "strerror", None) or error or "no reason given").lower()
