"""What a member's open page is told of their right: when it changes, once, and nothing of anybody else's."""

import re

import pytest
from flask import Flask

from chat.store import members
from chat.store.people import Person
from chat.store.rights import Role
from chat.store.transaction import Transaction
from chat.web.caller import COOKIE
from chat.web.role_aside import RoleAside, role_aside
from tests.web.people import Browser

BEN = Person("ben", "Ben")
SAID = re.compile(r'data-events="[^"]*[?;]role=(\w+)')  # how its line names the right that a page was made by


@pytest.fixture
def ada(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def conversation(ada: Browser) -> str:
    return ada.ask().rpartition("/")[2]


def become(ada: Browser, conversation: str, role: Role) -> None:
    """Let Ben have this role from now on."""

    def write(tx: Transaction) -> None:
        if not members.set_role(tx, conversation, BEN.id, role):
            _, token = members.invite(tx, conversation, role, ada.house.now())
            members.accept(tx, token, BEN, ada.house.now())

    ada.house.store.write(write)


def line_of_ben(ada: Browser, conversation: str, told: str | None, **headers: str) -> tuple[RoleAside, ...]:
    query = {} if told is None else {"role": told}
    headers = {"Cookie": f"{COOKIE}={ada.house.signer.sign(BEN)}"} | headers
    with ada.app.test_request_context(f"/c/{conversation}/events", query_string=query, headers=headers):
        return role_aside(conversation)


def test_a_change_is_told_when_the_access_is_rung_and_nothing_else_is(ada, conversation, monkeypatch) -> None:
    monkeypatch.setattr("chat.web.rested.REST_S", 0.0)
    become(ada, conversation, "viewer")
    (line,) = line_of_ben(ada, conversation, "read")
    rung = {f"access:{conversation}"}
    assert line.topics[0] in rung
    assert line.look(set()) == b"", "the page was made by this right"
    become(ada, conversation, "co-driver")
    assert line.look({"access:another"}) == b""
    assert line.look(rung) == b"event: role\ndata: ask\n\n"
    assert line.look(rung) == b""
    ada.house.store.write(lambda tx: members.remove(tx, conversation, BEN.id))
    assert line.look(rung) == b"", "who is no member is sent away, and told nothing more"


def test_what_changed_before_the_line_was_open_is_told_at_once(ada, conversation) -> None:
    become(ada, conversation, "viewer")
    for told, headers in (("ask", {}), ("-", {}), ("read", {"Last-Event-ID": "1"})):
        (line,) = line_of_ben(ada, conversation, told, **headers)
        assert line.look(set()) == b"event: role\ndata: read\n\n", (told, headers)


def test_a_page_says_by_which_right_it_was_made_save_its_owners(ada, conversation) -> None:
    become(ada, conversation, "viewer")
    path, ben = f"/c/{conversation}", ada.app.test_client()
    assert not SAID.search(ada.get(path).text)
    assert line_of_ben(ada, conversation, None) == ()
    ben.set_cookie(COOKIE, ada.house.signer.sign(BEN))
    found = SAID.search(ben.get(path).text)
    assert found is not None
    assert found[1] == "read"
    assert not SAID.search(ben.get(f"{path}?frame=viewer").text)
