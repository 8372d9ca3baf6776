"""`follow`: a viewer in the terminal. Questions and answers of a conversation, whoever asks, as they come."""

import argparse
import json
from typing import Any

from chat.core.sse import SseMessage
from chat.terminal import kept
from chat.terminal.client import Client, Refused, Unreachable, path_of
from chat.terminal.failure import Failure
from chat.terminal.paper import Paper, stdout
from chat.terminal.reading import AGAIN, Gap, Tries

GONE = "The conversation was deleted, or is not yours to read any more."


def run(asked: argparse.Namespace) -> int:
    """Watch until Ctrl-C, or with `--once` until an answer has ended: 0 when it came whole, else 1."""
    client, paper = kept.client_for(asked.server), stdout()
    conversation: str = asked.conversation
    client.call("GET", path_of("conversations", conversation))  # what is not there is said at once
    told = Lines(paper) if asked.json else Transcript(paper)
    return Watching(client, conversation, told, once=asked.once).run()


class Lines:
    """Each event as a line of JSON, for programs."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def take(self, name: str, data: dict[str, Any], event_id: str) -> None:
        line = {"event": name, "id": event_id or None, "data": data}
        self._paper.write(json.dumps(line, ensure_ascii=False) + "\n")


class Transcript:
    """The conversation for reading: each text once, growing at its end."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._written: dict[str, int] = {}  # bytes of each message that stand on the paper
        self._concluded: set[str] = set()
        self._open: str | None = None  # the message whose text ends where we write

    def take(self, name: str, data: dict[str, Any], event_id: str) -> None:
        """Write what is new in an event. Raises Gap when something before it was missed."""
        match name:
            case "message":
                self._message(data)
            case "chunk" | "delta":
                self._grow(data["message_id"], data["offset"], data["text"])
            case "end":
                self._conclude(data["message_id"], data["status"], data["error"])

    def _message(self, message: dict[str, Any]) -> None:
        key = message["id"]
        if key not in self._written:
            self._head(message)
        self._grow(key, 0, message["text"])
        if message["status"] not in ("pending", "streaming"):
            self._conclude(key, message["status"], message["error"])

    def _head(self, message: dict[str, Any]) -> None:
        author = message["author"] or {}
        who = author.get("name") if message["role"] == "user" else message["model"]
        if self._written:
            self._paper.line()
        self._paper.bold(f"{who or ('Somebody' if message['role'] == 'user' else 'Answer')}:")
        self._written[message["id"]] = 0
        self._open = message["id"]

    def _grow(self, key: str, offset: int, text: str) -> None:
        have = self._written.get(key)
        if have is None or offset > have:
            raise Gap
        new = text.encode()[have - offset :]
        if not new:
            return
        if self._open != key:
            self._paper.bold("[the answer goes on]")
            self._open = key
        self._paper.write(new.decode("utf-8", "replace"))
        self._written[key] = have + len(new)

    def _conclude(self, key: str, status: str, error: dict[str, Any] | None) -> None:
        if key in self._concluded and status != "interrupted":
            return
        self._concluded.add(key)
        self._paper.end_line()
        if status != "done":
            self._paper.line(f"[{status}{': ' + error['message'] if error else ''}]")


class Watching:
    """One conversation, over as many lines as it takes."""

    def __init__(self, client: Client, conversation: str, told: Lines | Transcript, *, once: bool) -> None:
        self._client = client
        self._conversation = conversation
        self._told = told
        self._once = once
        self._thoughts: set[str] = set()  # streams of what was thought before an answer: not for reading
        self._live: set[str] = set()  # messages that were seen while they were being written
        self._last_id = ""
        self._tries = Tries()

    def run(self) -> int:
        """Give the exit status. Raises Failure when there is nothing more to see, Lost, Refused."""
        while True:
            pause = 0.0
            try:
                status = self._one_line()
                if status is not None:
                    return status
            except Unreachable:
                pass
            except Gap:
                self._last_id = ""  # without a place we are given all that is there
            except Refused as refused:
                if refused.status not in AGAIN:
                    raise
                pause = float(refused.more.get("retry_after", 0))
            self._tries.wait(pause)

    def _one_line(self) -> int | None:
        place = path_of("conversations", self._conversation, "events")
        with self._client.open("GET", place, self._last_id) as line:
            for event in line.events():
                self._tries.worked()
                status = self._take(event)
                self._last_id = event.id or self._last_id
                if status is not None:
                    return status
        return None

    def _take(self, event: SseMessage) -> int | None:
        if event.event == "close":
            raise Failure(GONE)
        if event.event == "ping":
            return None
        data = json.loads(event.data)
        is_thought = event.event != "message" and data.get("stream_id") in self._thoughts
        if event.event == "message" and data.get("reasoning_stream_id"):
            self._thoughts.add(data["reasoning_stream_id"])
        if not is_thought or isinstance(self._told, Lines):
            self._told.take(event.event, data, event.id)
        if is_thought:
            return None
        return self._outcome(event.event, data) if self._once else None

    def _outcome(self, name: str, data: dict[str, Any]) -> int | None:
        """Say how an answer ended that we saw alive; None: none has."""
        if name == "message" and data["status"] in ("pending", "streaming"):
            self._live.add(data["id"])
        over = {"end": data.get("message_id"), "message": data.get("id")}.get(name)
        if over not in self._live or data["status"] in ("pending", "streaming"):
            return None
        return 0 if data["status"] == "done" else 1
