"""`login` and `logout`: remember a server and the token that opens it."""

import argparse
import getpass
import sys
from urllib.parse import urlsplit

from chat.terminal import kept
from chat.terminal.client import LOOPBACK, Client, path_of
from chat.terminal.failure import Failure
from chat.terminal.paper import stderr


def login(asked: argparse.Namespace) -> int:
    """Take a token that was typed or piped (or become somebody new), try it, and keep it."""
    client, said = kept.client_for(asked.server), stderr()
    if asked.new is not None:
        body = {"name": asked.new} if asked.new else {}
        token = str(Client(client.url, None).call("POST", path_of("session"), body)["token"])
    else:
        token = _typed_or_piped(client.url)
    Client(client.url, token).call("GET", path_of("conversations", limit=1))
    file = kept.keep_token(client.url, token)
    said.line(f"The token for {client.url} is kept in {file}, for you alone to read.")
    if client.url.startswith("http://") and urlsplit(client.url).hostname not in LOOPBACK:
        said.line("Beware: without https whoever stands between can read it.")
    return 0


def logout(asked: argparse.Namespace) -> int:
    """Forget the token of a server; on the server it lives on until it is revoked there."""
    client = kept.client_for(asked.server)
    kept.keep_token(client.url, None)
    stderr().line(f"The token for {client.url} is forgotten here.")
    return 0


def _typed_or_piped(url: str) -> str:
    typed = getpass.getpass(f"Token for {url}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not typed.strip():
        raise Failure("No token came. Make one on the server's settings page, then try again.", 2)
    return typed.strip()
