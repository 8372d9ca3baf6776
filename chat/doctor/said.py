"""The settings: which are set, without what is secret in them, and which names are none."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from chat.config import Settings, variable
from chat.doctor.finding import Finding, ok, warning

SHORT_SECRET = 32  # characters; `python -c "import secrets; print(secrets.token_urlsafe(48))"` gives 64
OURS = "CHAT_"


def settings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Name each setting that is set, and what looks like one and is not."""
    for field in sorted(settings.model_fields_set & set(Settings.model_fields)):
        yield ok(variable(field), f"is {shown(getattr(settings, field))}.")
    if not settings.model_fields_set:
        yield ok("settings", "none is set: one process, one SQLite file, the built-in demo.")
    known = {variable(field) for field in Settings.model_fields}
    for name in sorted(name for name in environment if name.startswith(OURS) and name not in known):
        yield warning(
            name, "is no setting of Headwater.", "Look for a typing error; the README lists them all."
        )
    secret = settings.secret_key.get_secret_value()
    if secret and len(secret) < SHORT_SECRET:
        yield warning(
            "SECRET_KEY",
            f"has {len(secret)} characters; who guesses it can be anybody.",
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"',
        )


def shown(value: Any) -> str:
    """Show a value, but neither secrets nor passwords."""
    match value:
        case SecretStr():
            return "set (not shown)"
        case str() if "://" in value:
            return f"`{without_password(value)}`"
        case tuple():
            return f"`{', '.join(value)}`"
    return f"`{value}`"


def without_password(url: str) -> str:
    """Give an address without what only its server is to know; a query may hold a password too."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":  # three slashes, which `geturl` would not keep, and a file's path
        return url
    user, at, place = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    hidden = f"{name}:…" if colon else name
    return parts._replace(netloc=f"{hidden}{at}{place}", query="…" if parts.query else "").geturl()
