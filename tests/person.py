"""A person at the API: signs in with a bearer token and does what an outside client does."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests

from tests.patience import PATIENCE_S
from tests.reading import RawResponse, SseReader


@dataclass(frozen=True)
class Asked:
    """What a question made."""

    conversation_id: str
    message_id: str
    reply_id: str
    stream_id: str


class Person:
    """Somebody with a token of their own (or `token=None`: nobody)."""

    def __init__(self, url: str, token: str | None, person: dict[str, str] | None = None) -> None:
        self.url = url
        self.token = token
        self.person = person

    @classmethod
    def sign_in(cls, url: str, name: str | None = None) -> "Person":
        answer = requests.post(url + "/api/session", json={"name": name} if name else {}, timeout=PATIENCE_S)
        assert answer.status_code == 201, answer.text
        found = answer.json()
        return cls(url, found["token"], found["person"])

    @property
    def credentials(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def call(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        """Make one request and read the whole answer."""
        headers = self.credentials | more.pop("headers", {})
        return requests.request(
            method, self.url + path, json=json, headers=headers, timeout=PATIENCE_S, **more
        )

    def get(self, path: str) -> Any:
        """Read JSON; anything but 200 fails the test."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    def converse(self, **fields: Any) -> str:
        """Begin a conversation; returns its id."""
        answer = self.call("POST", "/api/conversations", fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def ask(self, text: str = "What is a stream?", conversation: str | None = None, **fields: Any) -> Asked:
        """Send a message (in a new conversation, unless one is named); nobody drives it yet."""
        conversation = conversation or self.converse()
        path = f"/api/conversations/{conversation}/messages"
        answer = self.call("POST", path, {"text": text, **fields})
        assert answer.status_code == 201, answer.text
        found = answer.json()
        reply = found["reply"]
        return Asked(conversation, found["message"]["id"], reply["id"], reply["stream_id"])

    def state(self, stream_id: str) -> dict[str, Any]:
        """Read what is stored of a stream."""
        return dict(self.get(f"/api/streams/{stream_id}"))

    def stop(self, stream_id: str) -> requests.Response:
        return self.call("POST", f"/api/streams/{stream_id}/stop")

    # ── reading live ─────────────────────────────────────────────────────────────────────────

    def open(
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, **more: Any
    ) -> RawResponse:
        """Open an answer on a socket of its own, to be read as it comes."""
        return RawResponse(self.url + path, method=method, headers=self.credentials | (headers or {}), **more)

    def drive(self, stream_id: str, *, accept: str = "text/plain", **query: Any) -> RawResponse:
        """Drive a stream (`offset`, `epoch`, `resume`); text/plain unless told otherwise."""
        path = f"/api/streams/{stream_id}" + (f"?{urlencode(query)}" if query else "")
        return self.open(path, method="POST", headers={"Accept": accept})

    def drive_events(self, stream_id: str, **query: Any) -> SseReader:
        return SseReader(self.drive(stream_id, accept="text/event-stream", **query))

    def events(self, path: str, *, last_id: str | None = None, **query: Any) -> SseReader:
        """Follow an SSE route: `/api/streams/<id>` or `/api/conversations/<id>` plus `/events`."""
        path = f"{path}/events" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        return SseReader(self.open(path, headers=headers))

    def follow(self, stream_id: str, *, last_id: str | None = None, **query: Any) -> SseReader:
        """Subscribe to one stream (`offset`, `epoch`, `pace`)."""
        return self.events(f"/api/streams/{stream_id}", last_id=last_id, **query)
