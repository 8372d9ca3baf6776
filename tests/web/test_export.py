"""A conversation as a file: what is saved comes back the same, and what is no such file is refused."""

import io
import json
import random
import re
import socket
import time
from dataclasses import replace
from typing import Any

import gevent
import pytest
from werkzeug.test import TestResponse

from chat.core.lifecycle import Status
from chat.core.one_line import one_line
from chat.core.sources import Source
from chat.store import search
from chat.store.citations import offer
from chat.store.copies import Turn
from chat.store.people import Person
from chat.store.portable import Heading, write
from chat.store.streams import Batch
from chat.web.caller import COOKIE
from tests.web.calls import Api

WORDS = [
    "river",
    "日本語",
    "**bold**",
    "\n\n",
    '"quote"',
    "\\",
    "\u2028",
    "e\u0301",
    "🎉",
    "</script>",
    "'",
    "%",
]
ANSWERED = [Status.DONE, Status.STOPPED, Status.ERROR, Status.INTERRUPTED]


def export(api: Api, conversation: str, **more: Any) -> Any:
    return api.get(f"{conversation}/export?format=json", **more)


def bring(api: Api, document: Any, **more: Any) -> TestResponse:
    return api.call("POST", "/conversations/import", document, **more)


def brought(api: Api, document: Any) -> str:
    answer = bring(api, document)
    assert answer.status_code == 201, answer.text
    return f"/conversations/{answer.get_json()['id']}"


@pytest.fixture
def document(api: Api) -> Any:
    conversation = api.begin(title="Rivers", system="Be brief.", model="m-1", temperature=0.5)
    first = api.answered(conversation, "Where do rivers rise?")
    api.answered(conversation, "And deltas?")
    again = api.call("POST", f"{conversation}/messages/{first['reply']['id']}/regenerate", {})
    assert again.status_code == 201, again.text
    api.answer(again.get_json(), "In springs.")
    return export(api, conversation)


# ── there and back ───────────────────────────────────────────────────────────────────────────


def test_what_is_saved_comes_back_the_same_under_new_ids(api: Api, document: Any) -> None:
    conversation = brought(api, document)
    assert export(api, conversation) == document
    assert [message["parent"] for message in document["messages"]] == [None, 0, 1, 2, 0]
    found = api.get(conversation)
    assert (found["title"], found["system"], found["temperature"]) == ("Rivers", "Be brief.", 0.5)
    texts = [message["text"] for message in api.get(f"{conversation}/messages?all=1")["items"]]
    assert texts == ["Where do rivers rise?", "A log.", "And deltas?", "A log.", "In springs."]


def at_random(seed: int) -> tuple[Heading, list[Turn], list[int | None]]:
    """Make a tree of questions and answers, of every status, with and without everything that there is."""
    chance = random.Random(seed)

    def say() -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(1, 12)))

    def maybe(value: Any) -> Any:
        return value if chance.random() < 0.5 else None

    turns: list[Turn] = []
    parents: list[int | None] = []
    for _ in range(chance.randint(0, 30)):
        questions = [at for at, turn in enumerate(turns) if turn.role == "user"]
        answers = [at for at, turn in enumerate(turns) if turn.role == "assistant"]
        when = chance.randint(10**12, 2 * 10**12) / 1000
        if questions and chance.random() < 0.6:
            status = chance.choice(ANSWERED)
            parents.append(chance.choice(questions))
            turns.append(
                Turn(
                    "assistant",
                    maybe(say()) or "",
                    when,
                    status=status,
                    model=maybe("m-1"),
                    reasoning=maybe(say()),
                    error={"code": "stalled", "message": say()} if status is Status.ERROR else None,
                    finish_reason=maybe("stop"),
                    usage=maybe({"input_tokens": 3, "output_tokens": 10**9, "estimated": True}),
                    timing=maybe({"first_token_ms": maybe(3), "total_ms": 10}),
                    cost=maybe(0.000123),
                )
            )
        else:
            parents.append(chance.choice([None, *answers]))
            turns.append(Turn("user", say(), when, author=Person("somebody", chance.choice(["Ada", "Ünal"]))))
    return (
        Heading(maybe(one_line(say()[:200]) or None), maybe(say()), maybe("m-2"), maybe(1.5), 1234567890.123),
        turns,
        parents,
    )


@pytest.mark.parametrize("seed", range(30))
def test_any_tree_comes_back_the_same(api: Api, seed: int) -> None:
    heading, turns, parents = at_random(seed)
    made = api.house.store.write(
        lambda tx: write(tx, owner=api.ada, heading=heading, turns=turns, parents=parents, now=1.0)
    )
    first = export(api, f"/conversations/{made.id}")
    assert export(api, brought(api, first)) == first
    assert len(first["messages"]) == len(turns)


def test_what_many_branches_stand_beside_is_read_in_time(api: Api) -> None:
    # When each copied those before it, eight times as many took 25 times as long; now five times.
    assert seconds_beside(api, 12_000) < 12 * seconds_beside(api, 1_500)


def seconds_beside(api: Api, many: int) -> float:
    """Have so many answers to one question, and say what it takes to read which there are."""
    heading = Heading("Wide", None, None, None, 1.0)
    asked = Turn("user", "Why?", 1.0, author=api.ada)
    turns = [asked, *(Turn("assistant", str(at), float(at)) for at in range(many))]
    parents = [None, *[0] * many]
    made = api.house.store.write(
        lambda tx: write(tx, owner=api.ada, heading=heading, turns=turns, parents=parents, now=1.0)
    )
    took = []
    for _ in range(3):
        began = time.process_time()
        beside = api.get(f"/conversations/{made.id}/messages?limit=2")["items"][1]["siblings"]
        took.append(time.process_time() - began)
        assert len(set(beside)) == len(beside) == many
    return min(took)


def test_a_long_one_is_saved_whole(api: Api) -> None:
    heading = Heading("Long", None, None, None, 1.0)
    turns = [Turn("user", str(at), float(at), author=api.ada) for at in range(450)]
    parents = [None, *range(449)]
    made = api.house.store.write(
        lambda tx: write(tx, owner=api.ada, heading=heading, turns=turns, parents=parents, now=1.0)
    )
    path = f"/conversations/{made.id}"
    assert [message["text"] for message in export(api, path)["messages"]] == [str(at) for at in range(450)]
    text = api.call("GET", f"{path}/export?format=markdown").text
    assert text.count("\n---\n") == 450


def test_what_is_brought_in_is_the_callers_own_and_can_be_searched(api: Api, document: Any) -> None:
    conversation = brought(api, document)
    assert api.refused("GET", conversation, who=api.ben) == (404, "not_found")
    assert api.get("/conversations")["items"][0]["id"] == conversation.rpartition("/")[2]
    while api.house.store.write(search.index_some):
        pass
    found = {hit["conversation_id"] for hit in api.get("/search?q=deltas")["items"]}
    assert conversation.rpartition("/")[2] in found


def test_one_can_go_on_with_it(api: Api, document: Any) -> None:
    conversation = brought(api, document)
    assert api.answered(conversation, "And then?")["reply"]["status"] == "pending"


def test_what_is_being_written_is_saved_as_far_as_it_is(api: Api) -> None:
    conversation = api.begin()
    asked = api.ask(conversation)
    assert api.house.streams.claim(asked["reply"]["stream_id"], {Status.PENDING})
    assert export(api, conversation)["messages"][1]["status"] == "interrupted"


# ── as a file ────────────────────────────────────────────────────────────────────────────────


def test_markdown_shows_the_line_one_reads(api: Api) -> None:
    conversation = api.begin(title="Rivers/日本: a*b")
    api.answered(conversation, "Where do rivers rise?")
    answer = api.call("GET", f"{conversation}/export?format=markdown")
    assert answer.mimetype == "text/markdown"
    assert answer.text.startswith("# Rivers/日本: a*b\n\n---\n\n**Ada** · ")
    assert "Where do rivers rise?\n\n---\n\n**Headwater** (demo) · " in answer.text
    assert answer.text.endswith("A log.\n")
    name = answer.headers["Content-Disposition"]
    assert name.isascii()
    assert "filename*=UTF-8''Rivers%20%E6%97%A5%E6%9C%AC%20a%20b.md" in name


def test_who_may_not_read_saves_nothing(api: Api, document: Any) -> None:
    conversation = brought(api, document)
    for kind in ("json", "markdown"):
        assert api.refused("GET", f"{conversation}/export?format={kind}", who=api.ben) == (404, "not_found")
    assert api.refused("GET", f"{conversation}/export?format=pdf") == (422, "invalid")


def test_a_file_is_brought_in_by_a_form(api: Api, document: Any) -> None:
    client = api.app.test_client()
    client.set_cookie(COOKIE, api.house.signer.sign(api.ada), domain="localhost")

    def send(raw: bytes) -> TestResponse:
        given = {"file": (io.BytesIO(raw), "saved.json")}
        return client.post("/import", data=given, headers={"Sec-Fetch-Site": "same-origin"})

    answer = send(json.dumps(document).encode())
    assert answer.status_code == 303
    assert "Where do rivers rise?" in client.get(answer.location).text
    page = client.get(answer.location.partition("?")[0] + "/export.json")
    assert page.get_json() == document
    for raw, status in (
        (b"", 422),
        (b"not JSON", 400),
        (b"[" * 100_000, 400),
        (b"{}", 422),
        (b"\xff\xfe", 400),
    ):
        refused = send(raw)
        assert refused.status_code == status, raw[:10]
        assert 'type="file"' in refused.text


# ── what is no such file ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"version": "1"},
        {"messages": None},
        {"messages": {}},
        {"extra": 1},
        {"title": "x" * 201},
        {"title": "\x00"},
        {"created_at": "yesterday"},
        {"created_at": "2026-01-01T00:00:00"},
        {"created_at": "0001-01-01T00:00:00Z"},
        {"created_at": 5},
        {"created_at": "1970-01-01T00:00:00+01:00"},
        {"created_at": "2999-12-31T23:59:59-01:00"},
        {"temperature": 3},
    ],
)
def test_a_heading_that_is_none_is_refused(api: Api, document: Any, change: dict[str, Any]) -> None:
    assert bring(api, {**document, **change}).status_code == 422


@pytest.mark.parametrize(
    ("at", "change"),
    [
        (0, {"role": "assistant"}),
        (0, {"role": "system"}),
        (0, {"status": "stopped"}),
        (0, {"parent": 0}),
        (1, {"parent": None}),
        (1, {"parent": 3}),
        (1, {"parent": -1}),
        (1, {"parent": True}),
        (1, {"parent": 10**30}),
        (3, {"parent": 1}),
        (1, {"status": "streaming"}),
        (1, {"status": "pending"}),
        (1, {"text": None}),
        (1, {"text": "\ud800"}),
        (1, {"text": "\x00"}),
        (1, {"text": "x" * (2**20 + 1)}),
        (1, {"usage": {"input_tokens": -1, "output_tokens": 0}}),
        (1, {"usage": {"input_tokens": 2**70, "output_tokens": 0}}),
        (1, {"cost": -1}),
        (1, {"error": {"code": "x"}}),
        (1, {"id": "mine"}),
        (1, {"created_at": "9999-12-31T23:59:59Z"}),
    ],
)
def test_a_message_that_is_none_is_refused(api: Api, document: Any, at: int, change: dict[str, Any]) -> None:
    messages = [dict(message) for message in document["messages"]]
    messages[at].update(change)
    before = len(api.get("/conversations")["items"])
    assert bring(api, {**document, "messages": messages}).status_code == 422
    assert len(api.get("/conversations")["items"]) == before


def test_too_many_messages_are_refused(api: Api, document: Any) -> None:
    question = {**document["messages"][0], "text": "?"}
    assert bring(api, {**document, "messages": [question] * 10_001}).status_code == 422


def test_others_are_served_while_a_long_one_is_saved(api: Api) -> None:
    heading = Heading("Long", None, None, None, 1.0)
    turns = [Turn("user", str(at), 1.0, author=api.ada) for at in range(450)]
    made = api.house.store.write(
        lambda tx: write(tx, owner=api.ada, heading=heading, turns=turns, parents=[None] * 450, now=1.0)
    )
    came = []
    answer = api.call("GET", f"/conversations/{made.id}/export?format=json", buffered=False)
    here, there = socket.socketpair()
    other = gevent.spawn(lambda: came.append(here.recv(9)))
    gevent.sleep(0)
    there.sendall(b"meanwhile")
    pieces = iter(answer.response)
    for _ in range(3):
        next(pieces)
    assert came == [b"meanwhile"]
    other.join()
    here.close()
    there.close()


def test_too_many_branches_at_one_place_are_refused(api: Api, document: Any) -> None:
    question = {**document["messages"][0], "parent": None}
    answer = {**document["messages"][1], "parent": 0}
    assert bring(api, {**document, "messages": [question, *[answer] * 500]}).status_code == 201
    for many in ([question, *[answer] * 501], [question] * 501):
        refused = bring(api, {**document, "messages": many})
        assert refused.status_code == 422
        assert "500" in refused.get_json()["error"]["message"]


def test_it_may_be_larger_than_any_other_body_but_not_without_bound(
    api: Api, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = [{**document["messages"][0], "text": "x" * 700_000}, *document["messages"][1:]]
    large.append({**large[0], "parent": None})
    assert bring(api, {**document, "messages": large}).status_code == 201
    settings = api.house.settings.model_copy(update={"import_bytes": 1000})
    monkeypatch.setattr(api.house, "settings", settings)
    assert bring(api, document).status_code == 413


# ── citations ────────────────────────────────────────────────────────────────────────────────

SOURCE = Source(1, "d1", "Le*ase.pdf", 3, 12, "4 Ending", "It ends. With 30 days' notice it ends.", (9, 38))


def cite(api: Api, conversation: str, text: str, *sources: Source) -> Any:
    """Have a question answered that was given these sources; gives the answer as the API shows it."""
    asked = api.ask(conversation)
    stream_id = asked["reply"]["stream_id"]
    state = api.house.streams.claim(stream_id, {Status.PENDING})
    assert state is not None
    api.house.store.write(lambda tx: offer(tx, stream_id, state.epoch, sources, 2, 3))
    assert api.house.streams.close(stream_id, state.epoch, Status.DONE, text=text, finish_reason="stop")
    return api.get(f"{conversation}/messages")["items"][-1]


def test_what_an_answer_cites_comes_back_but_not_which_document_of_which_server_it_was(api: Api) -> None:
    conversation = api.begin()
    shown = cite(api, conversation, "With notice [1].", SOURCE, replace(SOURCE, number=2))
    document = export(api, conversation)
    answer = document["messages"][1]
    assert [(one["number"], "document_id" in one) for one in answer["citations"]] == [(1, False)]
    assert "citations" not in document["messages"][0], "a server of before takes what has none"
    back = api.get(f"{brought(api, document)}/messages")["items"][1]
    assert back["citations"] == [{**shown["citations"][0], "document_id": ""}]
    assert (back["left_out"], shown["left_out"]) == (2, 2)
    assert (back["unread_documents"], shown["unread_documents"]) == (3, 3)


def test_markdown_has_what_is_cited_as_footnotes(api: Api) -> None:
    conversation = api.begin()
    cite(api, conversation, "With notice [1, 7], `a[1]`.", SOURCE)
    text = api.call("GET", f"{conversation}/export?format=markdown").text
    name = re.search(r"With notice \[\^(\w+)-1\], `a\[1\]`\.", text)
    assert name, text
    assert f"[^{name[1]}-1]: Le\\*ase.pdf, page 12: “With 30 days' notice it ends.”" in text


CITATION = {"number": 1, "document": "a.txt", "passage": 1, "text": "It ends."}


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 0}, {"number": 1000}, {"number": True}, {"number": "1"}, {"number": 1.5},
        {"document": ""}, {"document": "a\nb"}, {"document": "a\x00"}, {"document": "x" * 256},
        {"document": None}, {"document": "\ud800"}, {"document_id": "d1"}, {"passage": 0},
        {"passage": 2**31}, {"page": 0}, {"page": "12"}, {"heading": None}, {"text": ""}, {"text": 1},
        {"text": "x" * 10_001}, {"quote": [0]}, {"quote": [3, 3]}, {"quote": [0, 9]}, {"quote": [-1, 2]},
        {"quote": [0, 2, 4]}, {"quote": "It"}, {"html": "<b>"},
    ],
)  # fmt: skip
def test_a_citation_that_is_none_is_refused(api: Api, document: Any, wrong: dict[str, Any]) -> None:
    assert bring(api, _citing(document, [CITATION])).status_code == 201
    assert bring(api, _citing(document, [{**CITATION, **wrong}])).status_code == 422


@pytest.mark.parametrize(
    "citations",
    [
        [CITATION, CITATION],
        [{**CITATION, "number": number} for number in range(1, 1001)],
        [{**CITATION, "number": number, "text": "x" * 10_000} for number in range(1, 102)],
        {"1": CITATION},
        "[1]",
    ],
    ids=["the same number twice", "too many", "too much", "no list", "a text"],
)
def test_citations_that_cannot_be_together_are_refused(api: Api, document: Any, citations: Any) -> None:
    assert bring(api, _citing(document, citations)).status_code == 422


def test_a_question_cites_nothing(api: Api, document: Any) -> None:
    assert bring(api, _citing(document, [CITATION], at=0)).status_code == 422


def _citing(document: Any, citations: Any, at: int = 1) -> Any:
    messages = [dict(message) for message in document["messages"]]
    messages[at]["citations"] = citations
    return {**document, "messages": messages}


def test_what_was_offered_and_is_not_cited_yet_is_nobodys(api: Api) -> None:
    conversation = api.begin()
    stream_id = api.ask(conversation)["reply"]["stream_id"]
    state = api.house.streams.claim(stream_id, {Status.PENDING})
    assert state is not None
    offered = (SOURCE, replace(SOURCE, number=2, text="Nobody's business."))
    api.house.store.write(lambda tx: offer(tx, stream_id, state.epoch, offered, 0))
    for text, cited in (("It ends [1", []), ("].", [1])):
        start = len(api.get(f"{conversation}/messages")["items"][-1]["text"])
        api.house.streams.append([Batch(stream_id, state.epoch, start, text)])
        shown = api.get(f"{conversation}/messages")["items"][-1]["citations"]
        saved = export(api, conversation)["messages"][-1].get("citations", [])
        assert [one["number"] for one in shown] == [one["number"] for one in saved] == cited
