"""What the terminal keeps between two calls: servers with their tokens, and the conversation asked last."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chat.terminal.client import Client, checked_address

DEFAULT_URL = "http://127.0.0.1:8000"


class Unreadable(Exception):
    """The file with the tokens is broken, or may not be read or written."""


def client_for(server: str | None, environment: Mapping[str, str] = os.environ) -> Client:
    """Choose server and token: the option, else the environment, else what `login` kept. Raises BadAddress.

    A kept token goes to the server that it was kept for, and to no other.
    """
    kept = _read(config_file(environment))
    url = checked_address(server or environment.get("HEADWATER_URL") or kept.get("server") or DEFAULT_URL)
    return Client(url, environment.get("HEADWATER_TOKEN") or kept.get("tokens", {}).get(url))


def keep_token(url: str, token: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Keep a token for a server, which becomes the usual one; None forgets it. Gives the file."""
    file = config_file(environment)
    kept = _read(file)
    tokens = {place: one for place, one in kept.get("tokens", {}).items() if place != url}
    _write(file, {"server": url, "tokens": tokens | ({url: token} if token else {})})
    return file


def last_conversation(client: Client, environment: Mapping[str, str] = os.environ) -> str | None:
    """Give the conversation that this person asked in last from here, if there is one."""
    found = _read(state_file(environment), forgiving=True).get(_who(client))
    return found if isinstance(found, str) else None


def keep_conversation(
    client: Client, conversation_id: str, environment: Mapping[str, str] = os.environ
) -> None:
    """Remember where this person asked; a place that cannot be written is no reason not to answer."""
    file = state_file(environment)
    try:
        _write(file, _read(file, forgiving=True) | {_who(client): conversation_id})
    except Unreadable:
        return


def config_file(environment: Mapping[str, str]) -> Path:
    return _place(environment, "XDG_CONFIG_HOME", ".config") / "terminal.json"


def state_file(environment: Mapping[str, str]) -> Path:
    return _place(environment, "XDG_STATE_HOME", ".local/state") / "last.json"


def _place(environment: Mapping[str, str], variable: str, usual: str) -> Path:
    folder = environment.get(variable, "")
    return (Path(folder) if folder.startswith("/") else Path.home() / usual) / "headwater"


def _who(client: Client) -> str:
    """Name server and person without writing the token down."""
    return f"{client.url} {hashlib.sha256((client.token or '').encode()).hexdigest()[:16]}"


def _read(file: Path, *, forgiving: bool = False) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        if forgiving:
            return {}
        raise Unreadable(f"{file} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _write(file: Path, content: dict[str, Any]) -> None:
    """Write it whole or not at all, for the owner's eyes alone."""
    beside = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            json.dump(content, new, indent=2)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Unreadable(f"{file} cannot be written: {error}") from error
