"""The whole app, called in this process: requests as people make them, answers when a test says so."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from chat import create_app
from chat.config import Settings
from chat.core.lifecycle import Status
from chat.store.people import Person
from chat.web.house import EXTENSION, House


@contextmanager
def opened_app(folder: Path, **settings: Any) -> Iterator[Flask]:
    """Open an app on the file in `folder`. Its engine is not started: no answer comes by itself."""
    made: Any = {"database_url": f"sqlite:///{folder / 'api.sqlite3'}", "secret_key": "for one test"}
    app = create_app(Settings(_env_file=None, **{**made, **settings}))
    yield app
    app.extensions[EXTENSION].store.close()


class Api:
    """The API as two people find it who have never been here before."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.house: House = app.extensions[EXTENSION]
        self.ada = Person(secrets.token_hex(8), "Ada")
        self.ben = Person(secrets.token_hex(8), "Ben")
        self._client = app.test_client(use_cookies=False)

    def call(
        self, method: str, path: str, json: Any = None, *, who: Person | str = "Ada", **more: Any
    ) -> TestResponse:
        """Make a request as Ada, as somebody else, with a token, or as nobody ("")."""
        headers = dict(more.pop("headers", {}))
        somebody = self.ada if who == "Ada" else who
        token = self.house.signer.sign(somebody) if isinstance(somebody, Person) else somebody
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if json is not None:
            more["json"] = json
        return self._client.open(f"/api{path}", method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """Read JSON; anything but 200 fails the test."""
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json

    def refused(self, method: str, path: str, json: Any = None, **more: Any) -> tuple[int, str]:
        """Make a request that must fail in the form of WIRE §1; gives its status and code."""
        answer = self.call(method, path, json, **more)
        assert answer.status_code >= 400, answer.text
        error = answer.get_json()["error"]
        assert error["message"].strip()
        return answer.status_code, error["code"]

    def begin(self, who: Person | str = "Ada", **fields: Any) -> str:
        """Make a conversation; gives its path."""
        answer = self.call("POST", "/conversations", fields, who=who)
        assert answer.status_code == 201, answer.text
        return f"/conversations/{answer.get_json()['id']}"

    def ask(self, conversation: str, text: str = "What is a stream?", **fields: Any) -> Any:
        """Ask; gives `{"message", "reply"}`."""
        answer = self.call("POST", f"{conversation}/messages", {"text": text, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json

    def answer(self, asked: Any, text: str = "A log.") -> None:
        """Let the answer of what `ask` gave come, whole."""
        state = self.house.streams.claim(asked["reply"]["stream_id"], {Status.PENDING})
        assert state is not None
        assert self.house.streams.close(state.id, state.epoch, Status.DONE, text=text, finish_reason="stop")

    def answered(self, conversation: str, text: str = "What is a stream?", **fields: Any) -> Any:
        asked = self.ask(conversation, text, **fields)
        self.answer(asked)
        return asked
