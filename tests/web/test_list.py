"""The list at the side: forms that work without a script, what the page's line sends, and what is refused."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.generation.tending import Tending
from chat.store import conversations
from chat.store.people import Person
from chat.web.caller import COOKIE
from chat.web.list_events import ListAside, list_asides
from chat.web.list_view import draw, read_list, sign_of
from tests.patience import PATIENCE_S
from tests.web.calls import Api

OURS = {"Sec-Fetch-Site": "same-origin"}
BY_HTMX = {**OURS, "HX-Request": "true"}


class Browser:
    """Somebody's browser, with or without a script in it."""

    def __init__(self, api: Api, person: Person) -> None:
        self._client: FlaskClient = api.app.test_client()
        self._client.set_cookie(COOKIE, api.house.signer.sign(person), domain="localhost")

    def get(self, path: str, **more: Any) -> TestResponse:
        return self._client.get(path, **more)

    def send(self, path: str, headers: dict[str, str] = OURS, **fields: str) -> TestResponse:
        return self._client.post(path, data=fields, headers=headers)


@pytest.fixture
def ada(api: Api) -> Browser:
    return Browser(api, api.ada)


@pytest.fixture
def ben(api: Api) -> Browser:
    return Browser(api, api.ben)


def page_of(conversation: str) -> str:
    return conversation.replace("/conversations/", "/c/")


def listed(page: TestResponse) -> list[str]:
    """Read what the list at the side shows."""
    assert page.status_code == 200, page.text
    return re.findall(r'<span id="c-[^"]*" dir="auto">([^<]*)</span>', page.text)


# ── without a script ─────────────────────────────────────────────────────────────────────────


def test_a_conversation_is_renamed_pinned_and_let_go_again(api: Api, ada: Browser) -> None:
    older, newer = api.begin(title="Older"), api.begin(title="Newer")
    assert listed(ada.get("/")) == ["Newer", "Older"]
    answer = ada.send(f"{page_of(older)}/rename", title="  Springs\x00 and\nbrooks ")
    assert (answer.status_code, answer.location) == (303, page_of(older))
    assert ada.send(f"{page_of(older)}/pin").status_code == 303
    assert listed(ada.get("/")) == ["Springs and brooks", "Newer"]
    assert api.get(older)["pinned"] is True
    assert ada.send(f"{page_of(older)}/unpin").status_code == 303
    assert listed(ada.get(page_of(newer))) == ["Newer", "Springs and brooks"]


def test_an_empty_name_gives_the_first_words_back(api: Api, ada: Browser) -> None:
    conversation = api.begin(title="Springs")
    api.ask(conversation, "Where do rivers rise?")
    ada.send(f"{page_of(conversation)}/rename", title=" ")
    assert api.get(conversation)["title"] is None
    assert listed(ada.get("/")) == ["Where do rivers rise?"]


def test_the_menu_is_a_page_where_no_script_opens_it(api: Api, ada: Browser) -> None:
    conversation = api.begin(title="<Springs>")
    page = ada.get(f"{page_of(conversation)}/menu")
    assert "<html" in page.text
    assert "&lt;Springs&gt;" in page.text
    for form in ("rename", "pin", "delete"):
        assert f'action="{page_of(conversation)}/{form}"' in page.text
    panel = ada.get(f"{page_of(conversation)}/menu", headers={"HX-Request": "true"})
    assert "<html" not in panel.text


def test_deleting_hides_it_at_once_and_can_be_undone(api: Api, ada: Browser) -> None:
    conversation = api.begin(title="Springs")
    api.answered(conversation)
    token = api.call("POST", f"{conversation}/share").get_json()["token"]
    answer = ada.send(f"{page_of(conversation)}/delete")
    assert answer.status_code == 303
    home = ada.get(answer.location)
    assert "Deleted: " in home.text
    assert listed(home) == []
    for path in (page_of(conversation), f"{page_of(conversation)}/menu", f"/s/{token}"):
        assert ada.get(path).status_code == 404, path
    assert api.refused("GET", conversation) == (404, "not_found")

    answer = ada.send(f"{page_of(conversation)}/restore")
    assert (answer.status_code, answer.location) == (303, page_of(conversation))
    assert listed(ada.get("/")) == ["Springs"]
    assert ada.get(f"/s/{token}").status_code == 200
    assert ada.send(f"{page_of(conversation)}/restore").status_code == 404


def test_deleting_stops_what_is_being_answered(api: Api, ada: Browser) -> None:
    conversation = api.begin()
    asked = api.ask(conversation)
    ada.send(f"{page_of(conversation)}/delete")
    state = api.house.streams.state(asked["reply"]["stream_id"])
    assert state is not None
    assert state.status == "stopped"


def test_what_nobody_brings_back_is_erased(api: Api, ada: Browser) -> None:
    kept, erased = api.begin(title="Kept"), api.begin(title="Erased")
    for conversation in (kept, erased):
        ada.send(f"{page_of(conversation)}/delete")
    assert ada.send(f"{page_of(kept)}/restore").status_code == 303
    made = api.house
    later = made.now() + made.settings.undo_s + 1
    Tending(made.store, made.streams, lambda: later - 60, made.settings.undo_s).erase()
    assert "Deleted: " in ada.get(f"/?deleted={erased.rpartition('/')[2]}").text
    Tending(made.store, made.streams, lambda: later, made.settings.undo_s).erase()
    assert ada.send(f"{page_of(erased)}/restore").status_code == 404
    assert "Deleted: " not in ada.get(f"/?deleted={erased.rpartition('/')[2]}").text
    assert listed(ada.get("/")) == ["Kept"]


def test_what_was_deleted_can_be_asked_anew(api: Api, ada: Browser) -> None:
    fields = {"text": "Where do rivers rise?", "client_id": "once"}
    begun = ada.send("/c", **fields).location
    assert ada.send("/c", **fields).location == begun
    ada.send(f"{begun}/delete")
    again = ada.send("/c", **fields)
    assert again.status_code == 409
    assert "Where do rivers rise?" in again.text


def test_older_conversations_are_a_page_further(api: Api, ada: Browser) -> None:
    for number in range(52):
        api.begin(title=f"Number {number}")
    home = ada.get("/")
    assert len(listed(home)) == 50
    further = re.search(r'href="(/\?after=[^"]*)" data-older="([^"]*)"', home.text)
    assert further is not None
    assert listed(ada.get(further[1])) == ["Number 1", "Number 0"]
    assert listed(ada.get(further[2])) == ["Number 1", "Number 0"]


# ── who may ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", ["rename", "pin", "unpin", "delete", "restore"])
def test_others_and_other_sites_can_do_none_of_it(api: Api, ada: Browser, ben: Browser, form: str) -> None:
    conversation = api.begin(title="Springs")
    if form == "restore":
        ada.send(f"{page_of(conversation)}/delete")
    assert ben.send(f"{page_of(conversation)}/{form}", title="Mine").status_code == 404
    assert ada.send(f"{page_of(conversation)}/{form}", headers={}, title="Mine").status_code == 403
    assert ada.send(f"/c/nothing%00/{form}").status_code == 404
    if form != "restore":
        found = api.get(conversation)
        assert (found["title"], found["pinned"]) == ("Springs", False)


def test_a_notice_is_for_who_deleted_it(api: Api, ada: Browser, ben: Browser) -> None:
    conversation = api.begin(title="Springs")
    ada.send(f"{page_of(conversation)}/delete")
    assert "Springs" not in ben.get(f"/?deleted={conversation.rpartition('/')[2]}").text


@pytest.mark.parametrize("path", ["/?after=nonsense", "/list?after=nonsense", "/search?q=a&after=x"])
def test_a_bad_place_is_refused(ada: Browser, path: str) -> None:
    assert ada.get(path).status_code == 422


# ── by programs ──────────────────────────────────────────────────────────────────────────────


def test_a_program_pins_beside_other_changes(api: Api) -> None:
    conversation = api.begin()
    changed = api.call("PATCH", conversation, {"pinned": True, "title": "Springs"}).get_json()
    assert (changed["pinned"], changed["title"]) == (True, "Springs")
    assert api.call("PATCH", conversation, {"title": "Brooks"}).get_json()["pinned"] is True
    assert api.call("PATCH", conversation, {"pinned": False}).get_json()["pinned"] is False
    assert api.refused("PATCH", conversation, {"pinned": None}) == (422, "invalid")
    assert api.refused("PATCH", conversation, {"pinned": 1}) == (422, "invalid")


# ── live ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def aside(app: Flask, api: Api) -> Callable[[], ListAside]:
    """Make what rides on the line of a page that shows Ada's list as it is now."""

    def make() -> ListAside:
        with app.app_context():
            shown = sign_of(draw(read_list(api.house, api.ada.id), None))
        return ListAside(app, api.house, api.ada.id, None, shown)

    return make


def test_a_page_that_shows_the_list_as_it_is_is_sent_nothing(
    api: Api, aside: Callable[[], ListAside]
) -> None:
    api.begin(title="Springs")
    assert aside().look(set()) == b""


def test_a_list_that_changed_is_sent_whole_and_once(api: Api, aside: Callable[[], ListAside]) -> None:
    line = aside()
    api.begin(title="Springs")  # before it looked for the first time: the page was made earlier
    first = line.look(set())
    assert b"Springs" in first
    assert b"#list-now" in first
    assert b"\nid:" not in first
    assert line.look(set()) == b""


def test_an_entry_that_changed_in_its_place_is_sent_alone(
    api: Api, aside: Callable[[], ListAside], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.web.rested.REST_S", 0.0)
    quiet = api.begin(title="Springs").rpartition("/")[2]
    made = api.begin(title="Brooks").rpartition("/")[2]
    line, rung = aside(), {f"person:{api.ada.id}"}
    assert line.look(set()) == b""
    api.house.store.write(lambda tx: conversations.change(tx, made, {"title": "Rills"}))
    alone = line.look(rung)
    assert f'hx-target="#l-{made}"'.encode() in alone
    assert b"Rills" in alone
    assert b"Springs" not in alone, "what did not change is not sent"
    api.house.store.write(lambda tx: conversations.bump(tx, quiet, updated_at=api.house.now() + 9))
    assert b"#list-now" in line.look(rung), "another order is another list"


def test_a_list_is_read_when_it_is_rung_and_not_at_every_word(
    api: Api, aside: Callable[[], ListAside], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = aside()
    line.look(set())
    monkeypatch.setattr("chat.web.rested.REST_S", 0.0)
    line._rest._rest_until = 0.0
    api.house.store.write(lambda tx: conversations.create(tx, owner=api.ada, title="Brooks", now=1.0))
    assert line.look({"conversation:x", "stream:y"}) == b""
    assert b"Brooks" in line.look({f"person:{api.ada.id}"})


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is for who rests: the one number, which a test may change."""
    now = [100.0]
    monkeypatch.setattr("chat.web.rested.monotonic", lambda: now[0])
    return now


def test_many_rings_are_one_look(api: Api, aside: Callable[[], ListAside], moment: list[float]) -> None:
    line = aside()
    line.look(set())
    api.begin(title="Springs")
    assert line.look({f"person:{api.ada.id}"}) == b"", "it rests for a moment"
    moment[0] += 1
    assert b"Springs" in line.look(set()), "and still knows that something changed"


def test_whoever_rests_wakes_nobody_else(
    api: Api, aside: Callable[[], ListAside], moment: list[float]
) -> None:
    mine, others = aside(), aside()
    assert mine.topics[0] == others.topics[0]
    mine.look(set())
    with api.house.bell.listen(*mine.topics) as hears_mine, api.house.bell.listen(*others.topics) as hears:
        mine.look({f"person:{api.ada.id}"})
        rung = hears_mine.wait(PATIENCE_S)
        assert rung == {mine.topics[1]}, "or two pages would keep each other awake"
        assert hears.take() == set()
    moment[0] += 1
    assert mine.look(rung) == b"", "it looked, and nothing had changed"
    assert not mine._rest._due


def test_who_comes_back_is_sent_the_list_whatever_it_showed_at_first(app: Flask, api: Api) -> None:
    api.begin(title="Springs")
    with app.app_context():
        sign = sign_of(draw(read_list(api.house, api.ada.id), None))
    for headers, sent in (({}, False), ({"Last-Event-ID": "3"}, True)):
        with app.test_request_context(f"/events?list={sign}", headers=headers):
            (line,) = list_asides(api.ada)
            assert (b"Springs" in line.look(set())) is sent


def test_a_page_without_a_list_is_sent_none(api: Api, ada: Browser) -> None:
    conversation = api.begin()
    framed = ada.get(f"{page_of(conversation)}?frame=viewer")
    assert "list=" not in framed.text
    assert "list=" in ada.get(page_of(conversation)).text
