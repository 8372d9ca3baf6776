"""The pages of an admin: there for admins alone, and they never show what anybody wrote."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from chat.core.lifecycle import Status
from chat.store import ledger
from chat.store import people as people_store
from chat.store.people import Person
from chat.store.streams import Batch
from chat.store.tables import accounts, people
from chat.store.transaction import Transaction
from chat.web.caller import COOKIE
from tests.web.calls import Api, opened_app

OURS = {"Sec-Fetch-Site": "same-origin"}
PAGES = ("/admin", "/admin/live", "/admin/usage", "/admin/prices")
COUNTED = {"input_tokens": 1000, "output_tokens": 200, "estimated": False}
SECRET = "Where is the treasure?"


class Office:
    """A server with an admin, Root, and Ada, who has asked something."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.root = Person("root-id", "Root")
        self.house = api.house
        self.house.store.write(self._appoint)
        self.conversation = api.begin()
        self.asked = api.ask(self.conversation, SECRET, model="river")
        self.browser = self.browser_of(self.root)

    def _appoint(self, tx: Transaction) -> None:
        people_store.ensure(tx, self.root, 1.0)
        tx.execute(update(people).where(people.c.id == self.root.id).values(is_admin=1))
        tx.execute(insert(accounts).values(person_id=self.root.id, login="root@example.org", created_at=1.0))

    def browser_of(self, person: Person | None) -> FlaskClient:
        browser = self.api.app.test_client()
        if person is not None:
            browser.set_cookie(COOKIE, self.house.signer.sign(person))
        return browser

    def see(self, path: str) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, status: int = 303, **form: Any) -> str:
        answer = self.browser.post(path, data=form, headers=OURS)
        assert answer.status_code == status, answer.text
        return answer.text

    @property
    def ada(self) -> str:
        return f"/admin/people/{self.api.ada.id}"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with opened_app(tmp_path, prices={"usual": (1.0, 2.0)}) as app:
        yield Office(Api(app))


# ── for admins alone ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("nobody", [False, True])
def test_for_everybody_else_there_is_nothing_here(office: Office, nobody: bool) -> None:
    browser = office.browser_of(None if nobody else office.api.ada)
    stream = office.asked["reply"]["stream_id"]
    for path in (*PAGES, office.ada):
        assert browser.get(path).status_code == 404
    for path in (
        f"{office.ada}/limits",
        f"{office.ada}/disable",
        f"{office.ada}/enable",
        f"/admin/live/{stream}/stop",
        "/admin/prices",
        "/admin/prices/remove",
    ):
        assert browser.post(path, data={"model": "m", "input": "1"}, headers=OURS).status_code == 404
    assert office.api.get(f"/streams/{stream}")["status"] == "pending"


def test_another_sites_form_does_nothing(office: Office) -> None:
    answer = office.browser.post(f"{office.ada}/disable", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert office.api.call("GET", "/conversations").status_code == 200


def test_no_page_shows_what_anybody_wrote(office: Office) -> None:
    office.api.call("PATCH", office.conversation, {"title": "Gold at noon"})
    for path in (*PAGES, office.ada):
        shown = office.see(path)
        assert SECRET not in shown
        assert "treasure" not in shown
        assert "Gold at noon" not in shown
        assert office.conversation.rpartition("/")[2] not in shown
        assert "<script" not in shown


def test_an_admin_may_not_read_others_conversations(office: Office) -> None:
    assert office.browser.get(f"/c/{office.conversation.rpartition('/')[2]}").status_code == 404


# ── people ───────────────────────────────────────────────────────────────────────────────────


def test_people_are_found_by_name_and_login(office: Office) -> None:
    assert "Ada" in office.see("/admin")
    assert "Ada" not in office.see("/admin?q=ROOT@ex")
    assert "Root" in office.see("/admin?q=ROOT@ex")
    assert "Ada" in office.see("/admin?q=ad")
    assert "Nobody has a name" in office.see("/admin?q=%25")


def test_people_come_in_pages(office: Office) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(60):
            people_store.ensure(tx, Person(f"p{number}", f"Person {number:02}"), 10.0 + number)

    office.house.store.write(fill)
    first, second = office.see("/admin?q=person"), office.see("/admin?q=person&page=2")
    assert ("Person 59" in first, "Person 09" in first) == (True, False)
    assert ("Person 59" in second, "Person 09" in second) == (False, True)
    assert "page=2" in first
    for odd in ("x", "-1", "0", "99999999999999999999", "3"):
        office.see(f"/admin?page={odd}")


def test_limits_of_one_person_are_set_and_taken_back(office: Office) -> None:
    office.post(f"{office.ada}/limits", daily_tokens="5000", daily_cost="0.5", live_answers="")
    limits = office.api.get("/usage")["limits"]
    assert limits == {"daily_tokens": 5000, "daily_cost": 0.5, "live_answers": 100}
    assert 'value="5000"' in office.see(office.ada)
    office.post(f"{office.ada}/limits", daily_tokens="", daily_cost="", live_answers="0")
    assert office.api.get("/usage")["limits"] == dict.fromkeys(limits)


@pytest.mark.parametrize("bad", ["-1", "many", "nan", "inf", "1e400", "9" * 400, "1\x00"])
@pytest.mark.parametrize("field", ["daily_tokens", "daily_cost", "live_answers"])
def test_what_is_no_limit_is_refused_and_kept_to_be_mended(office: Office, field: str, bad: str) -> None:
    shown = office.post(f"{office.ada}/limits", status=422, **{field: bad})
    assert "Write numbers" in shown
    assert office.api.get("/usage")["limits"]["daily_tokens"] is None


def test_who_is_shut_out_can_do_nothing_until_let_in_again(office: Office) -> None:
    stream = office.asked["reply"]["stream_id"]
    office.post(f"{office.ada}/disable")
    assert office.api.call("GET", "/conversations").status_code == 401
    assert office.house.streams.state(stream).status == Status.STOPPED
    assert "shut out" in office.see("/admin")
    office.post(f"{office.ada}/enable")
    assert office.api.call("GET", "/conversations").status_code == 200


def test_an_admin_cannot_shut_themselves_out(office: Office) -> None:
    assert "cannot" in office.post(f"/admin/people/{office.root.id}/disable", status=422)
    office.see("/admin")


@pytest.mark.parametrize("form", ["limits", "disable", "enable"])
def test_who_is_unknown_is_not_found(office: Office, form: str) -> None:
    assert office.browser.get("/admin/people/nobody").status_code == 404
    office.post(f"/admin/people/nobody/{form}", status=404)
    assert office.browser.get("/admin/people/%00").status_code == 404


# ── live, usage, prices ──────────────────────────────────────────────────────────────────────


def test_what_is_written_is_listed_and_stopped(office: Office) -> None:
    stream = office.asked["reply"]["stream_id"]
    state = office.house.streams.claim(stream, {Status.PENDING})
    assert state is not None
    assert office.house.streams.append([Batch(stream, state.epoch, 0, "Flüsse")]) == set()
    shown = office.see("/admin/live")
    assert "Ada" in shown
    assert "river" in shown
    assert ">7</td>" in shown  # bytes
    office.post(f"/admin/live/{stream}/stop")
    assert office.house.streams.state(stream).stop_requested
    office.post("/admin/live/nothing/stop", status=404)


def test_when_nothing_is_written_it_says_so(office: Office) -> None:
    office.post(f"/admin/live/{office.asked['reply']['stream_id']}/stop")
    assert "Nothing is being written" in office.see("/admin/live")


def test_usage_of_everybody_is_listed_by_day_and_model(office: Office) -> None:
    today = ledger.day_of(office.house.now())
    for who in (office.api.ada.id, office.api.ben.id):
        office.house.store.write(lambda tx, who=who: ledger.add(tx, who, today, "river", COUNTED, 0.25))
    shown = office.see("/admin/usage")
    assert today in shown
    assert "2,000" in shown
    assert ">0.5</td>" in shown
    assert "1,200" in office.see(office.ada)


def test_a_price_is_added_changed_and_removed(office: Office) -> None:
    office.post("/admin/prices", model="river", input="1", output="2")
    office.post("/admin/prices", model="river", input="3", output="4.5")
    shown = office.see("/admin/prices")
    assert (shown.count("<bdi>river</bdi>"), "4.5" in shown) == (1, True)
    office.api.answer(office.asked)
    office.post("/admin/prices/remove", model="river")
    office.post("/admin/prices/remove", model="river")
    assert "<bdi>river</bdi>" not in office.see("/admin/prices")
    assert "<bdi>usual</bdi>" in office.see("/admin/prices")  # of the settings


@pytest.mark.parametrize(
    "bad",
    [
        {"model": "", "input": "1", "output": "1"},
        {"model": "m", "input": "", "output": "1"},
        {"model": "m", "input": "1", "output": "-1"},
        {"model": "m", "input": "nan", "output": "1"},
        {"model": "m\x00", "input": "1", "output": "1"},
        {"model": "m" * 201, "input": "1", "output": "1"},
        {},
    ],
)
def test_what_is_no_price_is_refused(office: Office, bad: dict[str, str]) -> None:
    assert "Write a model" in office.post("/admin/prices", status=422, **bad)
    assert "<bdi>m</bdi>" not in office.see("/admin/prices")


def test_models_that_answered_without_a_price_are_named(office: Office) -> None:
    today = ledger.day_of(office.house.now())
    office.house.store.write(lambda tx: ledger.add(tx, office.api.ada.id, today, "sea", COUNTED, None))
    assert "<code>sea</code>" in office.see("/admin/prices")
