"""Where a page sends on to: always somewhere on this server, whatever `next` says."""

from re import compile as pattern
from urllib.parse import urlsplit

# One slash and no second: `//evil.example` is another host, and browsers read `\\` as `/` and drop tabs.
LOCAL = pattern(r"/(?![/\\])[!-\[\]-~]*")
LONGEST = 2000


def local_path(wanted: str | None, otherwise: str = "/") -> str:
    """Give an address if it is a path of this server in plain ASCII, else `otherwise`."""
    if not wanted or len(wanted) > LONGEST or not LOCAL.fullmatch(wanted):
        return otherwise
    parts = urlsplit(wanted)
    return otherwise if parts.scheme or parts.netloc else wanted
