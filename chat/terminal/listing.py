"""`ls`, `stop` and `export`: what is there, end an answer, take a conversation along."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from chat.terminal import kept
from chat.terminal.client import Client, Refused, path_of
from chat.terminal.failure import Failure
from chat.terminal.paper import stderr, stdout

ON_A_PAGE = 200  # the most that a list gives at once
LIVE = ("pending", "streaming")


def ls(asked: argparse.Namespace) -> int:
    """List conversations, the newest first."""
    client, paper = kept.client_for(asked.server), stdout()
    found = [one for one, _ in zip(_conversations(client, asked.number), range(asked.number), strict=False)]
    if asked.json:
        paper.line(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    for one in found:
        when = datetime.fromisoformat(one["updated_at"]).astimezone().strftime("%Y-%m-%d %H:%M")
        title = " ".join((one["title"] or "(no title yet)").split())
        paper.line(f"{one['id']}  {when}  {title}")
    return 0


def stop(asked: argparse.Namespace) -> int:
    """Stop an answer, named by its stream or by the conversation in which it is written."""
    client = kept.client_for(asked.server)
    try:
        stopped = client.call("POST", path_of("streams", asked.id, "stop"))
    except Refused as refused:
        if refused.status != 404:
            raise
        stopped = client.call("POST", path_of("streams", _live_stream(client, asked.id), "stop"))
    stderr().line("Stopping." if stopped["status"] in LIVE else f"It has ended already: {stopped['status']}.")
    return 0


def export(asked: argparse.Namespace) -> int:
    """Write a conversation to stdout, or to a file that must not be there yet."""
    client = kept.client_for(asked.server)
    written = client.read("GET", path_of("conversations", asked.conversation, "export", format=asked.format))
    if asked.output is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return 0
    try:
        with Path(asked.output).open("xb") as file:
            file.write(written)
    except FileExistsError:
        raise Failure(f"{asked.output} is there already; it stays as it is.") from None
    except OSError as error:
        raise Failure(f"{asked.output} cannot be written: {error.strerror}.") from error
    return 0


def _conversations(client: Client, number: int) -> Iterator[dict[str, Any]]:
    return _pages(client, "conversations", limit=min(number, ON_A_PAGE))


def _live_stream(client: Client, conversation: str) -> str:
    """Find the answer that is being written in a conversation. Raises Failure, Refused."""
    messages = _pages(client, "conversations", conversation, "messages", all=1, limit=ON_A_PAGE)
    live = [one["stream_id"] for one in messages if one["status"] in LIVE and one["stream_id"]]
    if not live:
        raise Failure("Nothing is being written there.")
    return str(live[-1])


def _pages(client: Client, *parts: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Give the items of a list, page after page."""
    after = None
    while True:
        page = client.call("GET", path_of(*parts, after=after, **query))
        yield from page["items"]
        after = page["next"]
        if after is None:
            return
