"""Who has used up the day's budget, or has too many answers, is refused by every way to ask."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from chat.generation.answers import USED_UP
from chat.generation.refusal import Refused
from chat.store import ledger, oversight
from chat.web.caller import COOKIE
from chat.web.socket import _answer as answer_frame
from tests.web.calls import Api, opened_app

OURS = {"Sec-Fetch-Site": "same-origin"}
SPENT = {"input_tokens": 900, "output_tokens": 100}
LAST = ("budget_used_up", 429)


@pytest.fixture
def poor(tmp_path: Path) -> Iterator[Api]:
    """A server where a day has 1,000 tokens."""
    with opened_app(tmp_path, daily_tokens=1000, live_answers=3) as app:
        yield Api(app)


def spend(api: Api, person_id: str = "") -> None:
    """Let Ada use up all of today's tokens."""
    today = ledger.day_of(api.house.now())
    api.house.store.write(lambda tx: ledger.add(tx, person_id or api.ada.id, today, "m", SPENT, None))


def page(api: Api) -> FlaskClient:
    """Give Ada's browser."""
    browser = api.app.test_client()
    browser.set_cookie(COOKIE, api.house.signer.sign(api.ada))
    return browser


def by_frame(api: Api, path: str) -> tuple[str, int]:
    """Ask over the socket; give code and status."""
    with api.app.test_request_context(headers={"Authorization": f"Bearer {api.house.signer.sign(api.ada)}"}):
        said = answer_frame(path.rpartition("/")[2], '{"send": {"text": "?"}, "ref": 1}')
    assert said["event"] == "error", said
    return said["data"]["error"]["code"], 429


WAYS: dict[str, Callable[[Api, str, str], tuple[str, int]]] = {
    "send": lambda api, path, answer: api.refused("POST", f"{path}/messages", {"text": "?"})[::-1],
    "regenerate": lambda api, path, answer: api.refused("POST", f"{path}/messages/{answer}/regenerate")[::-1],
    "stream": lambda api, path, answer: api.refused("POST", "/streams", {"prompt": "?"})[::-1],
    "socket": lambda api, path, answer: by_frame(api, path),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_used_up_budget_refuses_every_way_to_ask(poor: Api, way: str) -> None:
    path = poor.begin()
    answer = poor.answered(path)["reply"]["id"]
    spend(poor)
    before = poor.get(f"{path}/messages?all=1")["items"]
    assert WAYS[way](poor, path, answer) == LAST
    assert poor.get(f"{path}/messages?all=1")["items"] == before


def test_the_refusal_says_when_the_budget_begins_anew(poor: Api) -> None:
    spend(poor)
    refused = poor.call("POST", f"{poor.begin()}/messages", {"text": "?"})
    left = ledger.seconds_left_of_day(poor.house.now())
    assert left - 60 < int(refused.headers["Retry-After"]) <= left + 1
    assert refused.get_json()["error"]["message"] == USED_UP


def test_the_page_keeps_the_draft_and_begins_nothing(poor: Api) -> None:
    spend(poor)
    refused = page(poor).post("/c", data={"text": "My long draft"}, headers=OURS)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "My long draft</textarea>" in refused.text
    assert USED_UP in refused.text
    assert poor.get("/conversations")["items"] == []


@pytest.mark.parametrize("htmx", [False, True])
def test_a_question_in_a_conversation_keeps_its_draft(poor: Api, htmx: bool) -> None:
    path = poor.begin()
    spend(poor)
    headers = OURS | ({"HX-Request": "true"} if htmx else {})
    page_path = f"/c/{path.rpartition('/')[2]}"
    refused = page(poor).post(f"{page_path}/messages", data={"text": "My long draft"}, headers=headers)
    assert refused.status_code == 429
    assert "My long draft</textarea>" in refused.text
    assert USED_UP in refused.text


@pytest.mark.parametrize("form", ["again"])
def test_a_button_of_the_page_is_refused_in_words(poor: Api, form: str) -> None:
    path = poor.begin()
    answer = poor.answered(path)["reply"]["id"]
    spend(poor)
    page_path = f"/c/{path.rpartition('/')[2]}"
    refused = page(poor).post(f"{page_path}/{form}", data={"message_id": answer}, headers=OURS)
    assert refused.status_code == 429
    assert USED_UP in refused.text


def test_driving_what_was_asked_before_is_refused_too(poor: Api) -> None:
    stream = poor.ask(poor.begin())["reply"]["stream_id"]
    alone = poor.call("POST", "/streams", {"prompt": "?"}).get_json()["stream_id"]
    spend(poor)
    for one in (stream, alone):
        assert poor.refused("POST", f"/streams/{one}")[::-1] == LAST
        with pytest.raises(Refused):
            poor.house.engine.drive(one)


def test_going_on_with_an_interrupted_answer_is_refused_and_it_stays_so(poor: Api) -> None:
    stream = poor.ask(poor.begin())["reply"]["stream_id"]
    assert poor.house.streams.give_up(stream)
    spend(poor)
    assert poor.refused("POST", f"/streams/{stream}?resume=1")[::-1] == LAST
    assert poor.get(f"/streams/{stream}")["status"] == "interrupted"


def test_reading_costs_nothing(poor: Api) -> None:
    asked = poor.answered(poor.begin())
    spend(poor)
    stream = asked["reply"]["stream_id"]
    assert poor.get(f"/streams/{stream}")["text"] == "A log."
    assert poor.call("POST", f"/streams/{stream}").status_code == 200
    assert poor.call("POST", f"/streams/{stream}/stop").status_code == 202


def test_the_same_question_again_is_answered_as_before(poor: Api) -> None:
    path, again = poor.begin(), {"text": "?", "client_id": "c1"}
    first = poor.call("POST", f"{path}/messages", again).get_json()
    spend(poor)
    second = poor.call("POST", f"{path}/messages", again)
    assert second.status_code == 200
    assert second.get_json()["message"]["id"] == first["message"]["id"]


def test_each_person_has_a_budget_of_their_own(poor: Api) -> None:
    spend(poor)
    assert poor.call("POST", "/streams", {"prompt": "?"}, who=poor.ben).status_code == 201


def test_what_an_admin_allows_one_person_holds_at_once(poor: Api) -> None:
    poor.ask(poor.begin())  # from now on she is stored
    spend(poor)
    poor.house.store.write(lambda tx: oversight.allow(tx, poor.ada.id, 1001, None, None))
    assert poor.call("POST", "/streams", {"prompt": "?"}).status_code == 201


def test_who_asks_without_a_conversation_is_somebody_whom_an_admin_sees(poor: Api) -> None:
    assert poor.call("POST", "/streams", {"prompt": "?"}).status_code == 201
    found = poor.house.store.read(lambda conn: oversight.someone(conn, poor.ada.id, poor.house.now()))
    assert found is not None


def test_more_answers_at_once_than_are_allowed_are_refused(poor: Api) -> None:
    asked = [poor.ask(poor.begin()) for _ in range(2)]
    assert poor.call("POST", "/streams", {"prompt": "?"}).status_code == 201
    for way, path in (("send", poor.begin()), ("stream", "")):
        assert WAYS[way](poor, path, "") == ("too_many_answers", 429)
    assert poor.call("POST", "/streams", {"prompt": "?"}, who=poor.ben).status_code == 201
    poor.answer(asked[0])
    assert poor.call("POST", "/streams", {"prompt": "?"}).status_code == 201


# ── rates ────────────────────────────────────────────────────────────────────────────────────


def ask_often(api: Api, times: int, **more: Any) -> list[int]:
    return [api.call("POST", "/streams", {"prompt": "?"}, **more).status_code for _ in range(times)]


def test_a_person_may_ask_so_often_in_a_minute(tmp_path: Path) -> None:
    with opened_app(tmp_path, ask_rate=2) as app:
        api = Api(app)
        assert ask_often(api, 3) == [201, 201, 429]
        assert ask_often(api, 1, who=api.ben) == [201]
        refused = api.call("POST", "/streams", {"prompt": "?"})
        assert refused.get_json()["error"]["code"] == "rate_limited"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_nobody_begins_conversations_faster_than_they_may(tmp_path: Path) -> None:
    with opened_app(tmp_path, conversation_rate=2, ask_address_rate=3) as app:
        api = Api(app)

        told = [api.call("POST", "/conversations", {}, who=who) for who in (*[api.ada] * 3, *[api.ben] * 2)]
        assert [answer.status_code for answer in told] == [201, 201, 429, 201, 429], "two each, three in all"
        assert ask_often(api, 1) == [201], "who begins much may still ask"
        refused = api.call("POST", "/conversations", {})
        assert refused.get_json()["error"]["code"] == "rate_limited"
        assert int(refused.headers["Retry-After"]) >= 1
        assert len(api.get("/conversations")["items"]) == 2
        described = api.get("/openapi.json")["paths"]["/api/conversations"]["post"]
        assert "429" in described["responses"]


def test_a_search_in_documents_counts_as_asked(tmp_path: Path) -> None:
    with opened_app(tmp_path, ask_rate=2) as app:
        api = Api(app)
        query = {"q": "rivers", "conversation_id": api.begin().rpartition("/")[2]}
        told = [api.call("GET", "/documents/search", query_string=query) for _ in range(3)]
        assert [answer.status_code for answer in told] == [200, 200, 429]


def test_what_is_brought_in_counts_as_asked(tmp_path: Path) -> None:
    heading = {"format": "headwater.conversation", "version": 1, "created_at": "2026-01-01T00:00:00Z"}
    with opened_app(tmp_path, ask_rate=2) as app:
        api = Api(app)
        told = [api.call("POST", "/conversations/import", {**heading, "messages": []}) for _ in range(3)]
        assert [answer.status_code for answer in told] == [201, 201, 429]
        assert int(told[-1].headers["Retry-After"]) >= 1
        described = api.get("/openapi.json")["paths"]["/api/conversations/import"]["post"]
        assert "429" in described["responses"]
        file = {"file": (io.BytesIO(b"{}"), "saved.json")}
        assert page(api).post("/import", data=file, headers=OURS).status_code == 429


def test_so_may_an_address_whoever_asks_from_it(tmp_path: Path) -> None:
    with opened_app(tmp_path, ask_address_rate=2) as app:
        api = Api(app)
        assert ask_often(api, 2) == [201, 201]
        assert ask_often(api, 1, who=api.ben) == [429]
        elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
        assert ask_often(api, 1, who=api.ben, environ_overrides=elsewhere) == [201]


def test_who_is_refused_for_the_pace_keeps_the_draft(tmp_path: Path) -> None:
    with opened_app(tmp_path, ask_rate=1) as app:
        api = Api(app)
        assert ask_often(api, 1) == [201]
        refused = page(api).post("/c", data={"text": "My long draft"}, headers=OURS)
        assert refused.status_code == 429
        assert "My long draft</textarea>" in refused.text


def test_zero_is_no_limit(tmp_path: Path) -> None:
    rates = {"conversation_rate": 0, "ask_rate": 0, "ask_address_rate": 0}
    none = {**rates, "live_answers": 0, "daily_tokens": 0, "daily_cost": 0}
    with opened_app(tmp_path, **none) as app:
        api = Api(app)
        spend(api)
        assert set(ask_often(api, 120)) == {201}
