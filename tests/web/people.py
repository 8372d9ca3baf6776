"""Browsers of people who sign up and log in: forms as a page sends them, in this process."""

import re
from typing import Any

from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from chat.store.people import Person, topic_of_standing
from chat.store.tables import people
from chat.store.transaction import Transaction
from chat.web.caller import COOKIE
from chat.web.house import EXTENSION, House

SAME = {"Sec-Fetch-Site": "same-origin"}
PASSWORD = "correct horse"
QUICK = "scrypt:1024:8:1"  # a hash that costs little; what a real one costs is tested once


class Browser:
    """One browser with its cookies."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.app = app
        self.house: House = app.extensions[EXTENSION]
        self.client = app.test_client()
        self.environ = {"REMOTE_ADDR": address}

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, environ_base=self.environ, **more)

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form as one of our own pages does."""
        return self.client.post(path, data=fields, headers=SAME, environ_base=self.environ)

    @property
    def cookie(self) -> str | None:
        found = self.client.get_cookie(COOKIE)
        return found.value if found and found.value else None

    @property
    def who(self) -> Person | None:
        """Give the person that the cookie names."""
        return self.house.signer.read(self.cookie or "")

    def sign_up(self, login: str, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.post("/signup", login=login, password=password, **more)

    def log_in(self, login: str, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.post("/login", login=login, password=password, **more)

    def ask(self, text: str = "Where does it begin?") -> str:
        """Begin a conversation; gives its path."""
        answer = self.post("/c", text=text)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def sees(self, path: str) -> bool:
        return self.get(path).status_code == 200


def disable(house: House, person_id: str) -> None:
    """Shut somebody out, as an admin does."""

    def write(tx: Transaction) -> None:
        tx.execute(update(people).where(people.c.id == person_id).values(disabled_at=1.0))
        tx.ring(topic_of_standing(person_id))

    house.store.write(write)


def said(answer: TestResponse) -> str:
    """Give what a form says is wrong."""
    found = re.search(r'role="alert">([^<]*)<', answer.text)
    return found[1] if found else ""
