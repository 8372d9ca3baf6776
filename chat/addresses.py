"""Addresses in settings: each one checked, and brought into the one form that the rest of the house knows."""

import re
from pathlib import Path
from urllib.parse import urlsplit

POSTGRES = "postgresql+psycopg"  # SQLAlchemy's name for PostgreSQL through psycopg 3
STRAY = re.compile(r"\s|%(?!(?!00)[0-9A-Fa-f]{2})")  # a space or a percent sign that stands for itself


def origins(named: tuple[str, ...]) -> tuple[str, ...]:
    """Check origins of pages: scheme and host, or `*`. Raises ValueError."""
    for origin in named:
        parts = urlsplit(origin)
        if origin != "*" and (not parts.scheme or f"{parts.scheme}://{parts.netloc}" != origin):
            raise ValueError(f"{origin} is no origin: write scheme and host, such as https://app.example")
    return named


def web(url: str | None) -> str | None:
    """Check the address of a web server. Raises ValueError."""
    parts = urlsplit(url or "http://unset")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address begins with http:// or https://")
    return url


def redis(url: str | None) -> str | None:
    """Check the address of a Redis. Raises ValueError."""
    if url and urlsplit(url).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("an address begins with redis://, rediss:// or unix://")
    return url


def database(url: str) -> str:
    """Give `sqlite:///` with an absolute path, or `postgresql+psycopg://`. Raises ValueError."""
    scheme, _, rest = url.partition("://")
    if scheme.partition("+")[0] in ("postgres", "postgresql"):
        return f"{POSTGRES}://{_read_alike(rest)}"
    path = url.removeprefix("sqlite:///")
    if path == url or not path or "?" in path or path.startswith(":memory:"):
        raise ValueError(
            "write sqlite:/// and the path of a file, such as sqlite:///instance/chat.sqlite3, "
            "or postgresql://…"
        )
    return f"sqlite:///{Path(path).resolve()}"


def _read_alike(rest: str) -> str:
    """Check what stands behind `postgresql://`. Raises ValueError.

    SQLAlchemy and libpq both read it. Where they would not read the same, one of them takes a piece of the
    password for something else, and shows it in what it says.
    """
    try:
        parts = urlsplit(f"//{rest}")
        named = parts.netloc.rpartition("@")[0]
        clear = "@" not in named + parts.path + parts.fragment and (parts.port or 0) >= 0
    except ValueError:  # not even an address: brackets, or a port that is none
        clear = False
    if not clear or STRAY.search(rest):
        raise ValueError(
            "it cannot be read: a port is a number, and in a name or password @ is written %40, : %3A, / "
            "%2F, ? %3F, # %23, % %25 and a space %20"
        )
    if not parts.path.strip("/"):
        raise ValueError("name the database: postgresql://user:password@host/name")
    return rest


def libpq(url: str) -> str:
    """Give a database address as libpq wants it, for a connection that SQLAlchemy has no part in."""
    return url.replace(f"{POSTGRES}://", "postgresql://", 1)
