"""Calling a model's server: the client that does it, how long the server wants to be left alone."""

import ssl
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import httpx2

from chat.generation.providers.transport import LeanTransport, cut


def http_client(proxy: str | None, tls: ssl.SSLContext | None, now: Callable[[], float]) -> httpx2.Client:
    """Ours where the line is direct; httpx's own transport where a proxy stands between."""
    if proxy:
        return httpx2.Client(proxy=proxy, verify=tls or True, trust_env=False, follow_redirects=False)
    return httpx2.Client(transport=LeanTransport(now, tls), trust_env=False, follow_redirects=False)


def cut_response(response: httpx2.Response) -> None:
    """Break the line under a response, whichever transport made it."""
    stream = response.extensions.get("network_stream")
    sock = stream.get_extra_info("socket") if stream else None
    if sock is not None:
        cut(sock)


def retry_after(headers: httpx2.Headers) -> float | None:
    """Read how many seconds a server wants us to wait (RFC 9110, section 10.2.3); None: it does not say."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue  # absent, or a date
    try:  # a date is told against the server's own clock, not ours
        until, date = (parsedate_to_datetime(headers[name]) for name in ("retry-after", "date"))
        return max(0.0, (until - date).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


def without_secrets(address: str) -> str:
    """Give an address as it may be told."""
    url = httpx2.URL(address)
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))
