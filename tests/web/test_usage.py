"""What was used is told: to each person their own, of a conversation to whoever may read it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chat.core.lifecycle import Status
from chat.store import ledger
from chat.web import openapi_shapes
from chat.web.caller import COOKIE
from tests.web.calls import Api, opened_app

COUNTED = {"input_tokens": 1000, "output_tokens": 200, "estimated": False}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Api]:
    with opened_app(tmp_path, prices={"river": (1.0, 10.0)}, daily_tokens=5000, live_answers=0) as app:
        yield Api(app)


def answered(api: Api, path: str, **fields: Any) -> Any:
    """Ask, and let the answer end with a counted usage."""
    asked = api.ask(path, **fields)
    state = api.house.streams.claim(asked["reply"]["stream_id"], {Status.PENDING})
    assert state is not None
    assert api.house.streams.close(state.id, state.epoch, Status.DONE, text="A log.", usage=COUNTED)
    return asked


def test_a_person_sees_what_they_used_and_what_they_may(shop: Api) -> None:
    answered(shop, shop.begin(), model="river")
    answered(shop, shop.begin(), model="sea")
    told = shop.get("/usage")
    openapi_shapes.PersonUsage.model_validate(told)
    assert told["today"] == {
        "answers": 2, "input_tokens": 2000, "output_tokens": 400, "cost": pytest.approx(0.003), "unpriced": 1,
    }  # fmt: skip
    assert told["month"] == told["today"]
    by_model = {line["model"]: line["cost"] for line in told["days"]}
    assert by_model == {"river": pytest.approx(0.003), "sea": None}
    assert told["limits"] == {"daily_tokens": 5000, "daily_cost": None, "live_answers": None}
    midnight = datetime.fromisoformat(told["resets_at"])
    assert (midnight.hour, midnight.minute, midnight.second) == (0, 0, 0)


def test_it_is_nobody_elses(shop: Api) -> None:
    answered(shop, shop.begin(), model="river")
    assert shop.get("/usage", who=shop.ben)["today"]["answers"] == 0
    assert shop.call("GET", "/usage", who="").status_code == 401


def test_a_month_has_thirty_days(shop: Api) -> None:
    now = shop.house.now()
    for days_ago in (29, 30):
        day = ledger.day_of(now - days_ago * ledger.DAY_S)
        shop.house.store.write(lambda tx, day=day: ledger.add(tx, shop.ada.id, day, "river", COUNTED, 0.1))
    assert [line["day"] for line in shop.get("/usage")["days"]] == [ledger.month_of(now)]


def test_a_conversation_says_what_it_took_on_all_branches(shop: Api) -> None:
    path = shop.begin()
    first = answered(shop, path, model="river")
    again = shop.call(
        "POST", f"{path}/messages/{first['reply']['id']}/regenerate", {"model": "sea"}
    ).get_json()
    state = shop.house.streams.claim(again["reply"]["stream_id"], {Status.PENDING})
    assert state is not None
    assert shop.house.streams.close(state.id, state.epoch, Status.STOPPED, text="A", usage=COUNTED)
    told = shop.get(f"{path}/usage")
    openapi_shapes.ConversationUsage.model_validate(told)
    assert told["total"]["input_tokens"] == 2000
    assert [(one["model"], one["cost"]) for one in told["models"]] == [
        ("river", pytest.approx(0.003)),
        ("sea", None),
    ]
    assert shop.refused("GET", f"{path}/usage", who=shop.ben) == (404, "not_found")


def test_a_message_carries_its_cost_and_none_where_it_is_unknown(shop: Api) -> None:
    path = shop.begin()
    for model in ("river", "sea"):
        answered(shop, path, model=model)
    answers = [one for one in shop.get(f"{path}/messages")["items"] if one["role"] == "assistant"]
    assert [one["cost"] for one in answers] == [pytest.approx(0.003), None]
    assert answers[0]["usage"] == COUNTED


def test_the_page_shows_it_without_any_script(shop: Api) -> None:
    answered(shop, shop.begin(), model="river")
    browser = shop.app.test_client()
    browser.set_cookie(COOKIE, shop.house.signer.sign(shop.ada))
    shown = browser.get("/you/usage").text
    assert "1,200 of 5,000 tokens" in shown
    assert "river" in shown
    assert "0.003" in shown
    assert "<script" not in shown


def test_who_has_used_nothing_sees_an_empty_page(shop: Api) -> None:
    shown = shop.app.test_client().get("/you/usage")
    assert shown.status_code == 200
    assert "Nothing was used" in shown.text
