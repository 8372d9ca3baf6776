"""Messages over HTTP: asked once, one answer at a time, listed as a line, answered again as a branch."""

from pathlib import Path
from typing import Any

import gevent
import pytest

from chat.web.api_messages import ask
from tests.web.calls import Api, opened_app


def test_a_question_and_its_reply_have_the_shape_of_the_wire(api: Api) -> None:
    made = api.begin(model="m-1")
    asked = api.ask(made, "Why?")
    question, reply = asked["message"], asked["reply"]
    common = {
        "conversation_id": made.rpartition("/")[2], "reasoning_stream_id": None, "reasoning": None,
        "usage": None, "citations": [], "left_out": 0, "unread_documents": 0, "error": None,
        "finish_reason": None, "timing": None, "cost": None,
    }  # fmt: skip
    own = ("id", "stream_id", "created_at")
    assert question == common | {key: question[key] for key in own} | {
        "role": "user", "author": {"id": api.ada.id, "name": "Ada"}, "text": "Why?", "status": "done",
        "parent_id": None, "model": None, "siblings": [question["id"]],
    }  # fmt: skip
    assert reply == common | {key: reply[key] for key in own} | {
        "role": "assistant", "author": None, "text": "", "status": "pending", "parent_id": question["id"],
        "model": "m-1", "siblings": [reply["id"]],
    }  # fmt: skip
    assert question["stream_id"] is None
    state = api.house.streams.state(reply["stream_id"])
    assert state is not None
    assert (state.status, state.chunk_by) == ("pending", "sentence")


def test_a_reply_names_the_model_that_will_answer(api: Api) -> None:
    assert api.ask(api.begin())["reply"]["model"] == api.house.provider.default_model
    assert api.ask(api.begin(model="m-1"), model="m-2")["reply"]["model"] == "m-2"


@pytest.mark.parametrize(
    ("asked", "kept"), [("word", "word"), ("paragraph", "paragraph"), (1, "1"), (4096, "4096")]
)
def test_batches_are_as_large_as_asked(api: Api, asked: str | int, kept: str) -> None:
    reply = api.ask(api.begin(), chunk_by=asked)["reply"]
    state = api.house.streams.state(reply["stream_id"])
    assert state is not None
    assert state.chunk_by == kept


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"text": None}, {"text": 5}, {"text": ""}, {"text": " \n\t"}, {"text": "a\x00b"},
     {"text": ["a"]}, {"text": "a", "role": "assistant"}, {"text": "a", "client_id": 5},
     {"text": "a", "client_id": ""}, {"text": "a", "client_id": "x" * 201},
     {"text": "a", "parent_id": 7}, {"text": "a", "parent_id": ""},
     {"text": "a", "parent_id": "nobody"}, {"text": "a", "parent_id": "nobody", "branch": True},
     {"text": "a", "branch": "yes"}, {"text": "a", "branch": 1}, {"text": "a", "model": 5},
     {"text": "a", "chunk_by": "page"}, {"text": "a", "chunk_by": "12"}, {"text": "a", "chunk_by": 0},
     {"text": "a", "chunk_by": 4097}, {"text": "a", "chunk_by": True}, {"text": "a", "chunk_by": 2.5}],
)  # fmt: skip
def test_what_does_not_fit_asks_nothing(api: Api, body: Any) -> None:
    made = api.begin()
    raw = {"data": b"null", "content_type": "application/json"} if body is None else {"json": body}
    assert api.refused("POST", f"{made}/messages", **raw)[0] == 422
    assert api.get(f"{made}/messages")["items"] == []


def test_a_text_may_be_long_but_not_endless(api: Api) -> None:
    made = api.begin()
    assert api.refused("POST", f"{made}/messages", {"text": "水" * 21_846}) == (413, "too_large")
    asked = api.ask(made, "水" * 21_845)
    assert asked["message"]["text"] == "水" * 21_845


def test_a_body_beyond_the_limit_is_refused(api: Api) -> None:
    made = api.begin()
    assert api.refused("POST", f"{made}/messages", {"text": "a" * (1 << 20)}) == (413, "too_large")


def test_a_text_comes_back_as_it_was_written(api: Api) -> None:
    made = api.begin()
    text = "  Grüße\r\n\t水 👩‍👩‍👧 \u2028 <b>&amp;</b>  "
    api.ask(made, text)
    assert api.get(f"{made}/messages")["items"][0]["text"] == text


# ── sending twice ────────────────────────────────────────────────────────────────────────────


def test_sending_twice_is_sending_once(api: Api) -> None:
    made = api.begin()
    asked = api.ask(made, "Why?", client_id="k")
    again = api.call("POST", f"{made}/messages", {"text": "Why?", "client_id": "k"})
    assert (again.status_code, again.json) == (200, asked)
    api.answer(asked, "Because.")
    api.ask(made, "And?")
    again = api.call("POST", f"{made}/messages", {"text": "Why?", "client_id": "k"})
    assert again.status_code == 200
    assert again.get_json()["reply"]["text"] == "Because."
    assert again.get_json()["reply"]["id"] == asked["reply"]["id"]


def test_a_client_id_belongs_to_one_text(api: Api) -> None:
    made = api.begin()
    api.ask(made, "Why?", client_id="k")
    refused = api.refused("POST", f"{made}/messages", {"text": "Why not?", "client_id": "k"})
    assert refused == (409, "client_id_reused")


def test_a_hundred_equal_sends_at_once_are_one(api: Api) -> None:
    made = api.begin()
    body = {"text": "Why?", "client_id": "k"}
    sends = [gevent.spawn(api.call, "POST", f"{made}/messages", body) for _ in range(100)]
    answers = [send.get() for send in sends]
    assert sorted(answer.status_code for answer in answers) == [200] * 99 + [201]
    assert len({answer.data for answer in answers}) == 1
    assert len(api.get(f"{made}/messages?all=1")["items"]) == 2


# ── one answer at a time, at the end of the line ─────────────────────────────────────────────


def test_a_live_answer_refuses_the_next_question_and_says_which(api: Api) -> None:
    made = api.begin()
    live = api.ask(made)["reply"]
    for path in (f"{made}/messages", f"{made}/messages/{live['id']}/regenerate"):
        answer = api.call("POST", path, {"text": "And?"} if path.endswith("messages") else None)
        assert answer.status_code == 409
        assert answer.get_json()["error"]["code"] == "answer_in_progress"
        assert answer.get_json()["error"]["stream_id"] == live["stream_id"]


def test_an_older_parent_needs_a_branch(api: Api) -> None:
    made = api.begin()
    first = api.answered(made, "One?")
    api.answered(made, "Two?")
    older = {"text": "Or?", "parent_id": first["reply"]["id"]}
    assert api.refused("POST", f"{made}/messages", older) == (409, "stale_parent")
    branch = api.ask(made, "Or?", parent_id=first["reply"]["id"], branch=True)
    assert branch["message"]["parent_id"] == first["reply"]["id"]


def test_a_null_parent_is_the_newest_message_and_of_a_branch_the_beginning(api: Api) -> None:
    made = api.begin()
    first = api.answered(made, "One?", parent_id=None)
    second = api.answered(made, "Two?", parent_id=None)
    assert second["message"]["parent_id"] == first["reply"]["id"]
    third = api.answered(made, "Three?", branch=True)
    assert third["message"]["parent_id"] == second["reply"]["id"]
    anew = api.ask(made, "Anew?", parent_id=None, branch=True)
    assert anew["message"]["parent_id"] is None


def test_a_parent_from_another_conversation_is_unknown(api: Api) -> None:
    elsewhere = api.answered(api.begin())["reply"]["id"]
    assert api.refused("POST", f"{api.begin()}/messages", {"text": "Hi", "parent_id": elsewhere})[0] == 422


# ── another answer ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("body", [None, {}, {"model": "m-9", "chunk_by": 100}])
def test_regenerating_gives_the_question_another_answer(api: Api, body: Any) -> None:
    made = api.begin(model="m-1")
    first = api.answered(made, "Why?")
    answer = api.call("POST", f"{made}/messages/{first['reply']['id']}/regenerate", body)
    assert answer.status_code == 201
    again = answer.get_json()
    assert again["message"] == first["message"]
    assert again["reply"]["parent_id"] == first["reply"]["parent_id"]
    assert (again["reply"]["status"], again["reply"]["model"]) == ("pending", "m-9" if body else "m-1")
    assert again["reply"]["id"] != first["reply"]["id"]


def test_only_an_answer_of_this_conversation_is_answered_again(api: Api) -> None:
    made = api.begin()
    asked = api.answered(made)
    elsewhere = api.answered(api.begin())["reply"]["id"]
    for wrong in (asked["message"]["id"], elsewhere, "nobody"):
        assert api.refused("POST", f"{made}/messages/{wrong}/regenerate") == (404, "not_found")
    path = f"{made}/messages/{asked['reply']['id']}/regenerate"
    assert api.refused("POST", path, {"text": "x"})[0] == 422


# ── the history ──────────────────────────────────────────────────────────────────────────────


def texts(page: Any) -> list[str]:
    return [item["text"] for item in page["items"]]


def test_the_history_is_the_line_to_the_newest_message(api: Api) -> None:
    made = api.begin()
    first = api.answered(made, "One?")
    api.answered(made, "Two?")
    api.answered(made, "Or?", parent_id=first["reply"]["id"], branch=True)
    assert texts(api.get(f"{made}/messages")) == ["One?", "A log.", "Or?", "A log."]
    assert texts(api.get(f"{made}/messages?all=1"))[2:4] == ["Two?", "A log."]


def test_the_history_is_read_in_pages_both_ways(api: Api) -> None:
    made = api.begin()
    for number in range(4):
        api.answered(made, f"{number}?")
    whole = api.get(f"{made}/messages")["items"]
    page = api.get(f"{made}/messages?limit=3")
    assert page["items"] == whole[:3]
    page = api.get(f"{made}/messages?limit=3&after={page['next']}")
    assert page["items"] == whole[3:6]
    page = api.get(f"{made}/messages?limit=3&after={page['next']}")
    assert (page["items"], page["next"]) == (whole[6:], None)
    page = api.get(f"{made}/messages?limit=5&before={whole[6]['id']}")
    assert page["items"] == whole[1:6]
    page = api.get(f"{made}/messages?limit=5&before={page['next']}")
    assert (page["items"], page["next"]) == (whole[:1], None)
    assert api.refused("GET", f"{made}/messages?after={whole[0]['id']}&before={whole[6]['id']}")[0] == 422


def test_another_persons_messages_are_no_place_in_mine(api: Api) -> None:
    made = api.begin()
    api.ask(made)
    foreign = api.begin(api.ben)
    theirs = api.call("POST", f"{foreign}/messages", {"text": "Secret"}, who=api.ben).get_json()
    query = f"?after={theirs['message']['id']}"
    assert api.refused("GET", f"{made}/messages{query}") == (422, "bad_page")


# ── the way of the socket ────────────────────────────────────────────────────────────────────


def test_parsed_json_asks_as_a_request_does(api: Api) -> None:
    made = api.begin()
    conversation_id = made.rpartition("/")[2]
    bearer = {"Authorization": f"Bearer {api.house.signer.sign(api.ada)}"}
    with api.app.test_request_context(f"/api{made}/socket", headers=bearer):
        asked, created = ask(conversation_id, {"text": "Why?", "client_id": "k"})
        again, created_again = ask(conversation_id, {"text": "Why?", "client_id": "k"})
    assert (created, created_again) == (True, False)
    assert asked == again
    assert texts(api.get(f"{made}/messages")) == ["Why?", ""]


def test_what_is_stored_outlives_the_server(tmp_path: Path) -> None:
    with opened_app(tmp_path) as app:
        before_restart = Api(app)
        made = before_restart.begin(title="Kept")
        before_restart.answered(made, "Why?")
        before = before_restart.get(f"{made}/messages")
    with opened_app(tmp_path) as app:
        after = Api(app)
        assert after.get(made, who=before_restart.ada)["title"] == "Kept"
        assert after.get(f"{made}/messages", who=before_restart.ada) == before


def test_the_history_goes_through_the_message_that_is_named(api):
    path = api.begin()
    first = api.answered(path, "One?")
    second = api.answered(path, "Two?")
    api.answered(path, "Two again?", parent_id=first["reply"]["id"], branch=True)
    old = api.get(f"{path}/messages?branch={second['message']['id']}")["items"]
    assert [one["id"] for one in old][2:] == [second["message"]["id"], second["reply"]["id"]]
    assert len(old[2]["siblings"]) == 2
    for unknown in ("none", "%00"):
        assert api.refused("GET", f"{path}/messages?branch={unknown}") == (422, "bad_page")
