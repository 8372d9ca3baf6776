"""JSON that is large for no reason is refused in words, however it is dressed; what people write is read."""

import json
from typing import Any

import pytest

from chat.web.errors import Invalid
from chat.web.heaps import MOST_STRINGS, MOST_THINGS, refuse_heaps
from tests.web.calls import Api

HEADING = {"format": "headwater.conversation", "version": 1, "created_at": "2026-01-01T00:00:00Z"}
MOST_BYTES = 16 << 20
LISTS = f"[{'[],' * MOST_THINGS}[]]"
NESTED = f"[{','.join(['[' * 900 + ']' * 900] * (MOST_BYTES // 1801))}]"
NAMES = json.dumps(dict.fromkeys(range(MOST_STRINGS + 1)))


def brought(api: Api, body: Any) -> tuple[int, str]:
    """Import this; gives the status, and what is said of it."""
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    told = api.call("POST", "/conversations/import", data=raw, content_type="application/json")
    return told.status_code, told.get_json().get("error", {}).get("message", "")


@pytest.mark.parametrize("heap", [LISTS, NESTED, NAMES], ids=["lists", "nested", "names"])
def test_a_heap_is_refused_before_it_is_read(heap: str) -> None:
    with pytest.raises(Invalid, match="The body holds more than"):
        refuse_heaps(heap)


@pytest.mark.parametrize(
    "dressed",
    [
        '["\\"", ' + LISTS[1:],
        '["\\\\", ' + LISTS[1:],
        '["\\\\\\"", ' + LISTS[1:],
        ('["\\"", ' + LISTS[1:]).encode("utf-16"),
        '{"messages": ' + NESTED + "}",
    ],
    ids=["a quote", "a backslash", "both", "another encoding", "in its place"],
)
def test_nothing_hides_one(api: Api, dressed: str | bytes) -> None:
    status, said = brought(api, dressed)
    assert (status, said) == (422, f"The body holds more than {MOST_THINGS} lists and objects.")


def test_brackets_in_texts_are_texts(api: Api) -> None:
    code = '[{"a": "\\"}]' * 70_000  # an answer of nearly a megabyte
    messages = [
        {"role": "user", "text": "Code?", "created_at": HEADING["created_at"]},
        {"role": "assistant", "parent": 0, "text": code, "created_at": HEADING["created_at"]},
    ]
    assert brought(api, {**HEADING, "messages": messages})[0] == 201


def test_as_many_messages_as_there_may_be_are_no_heap() -> None:
    citations = [
        {"number": n, "document": "a.pdf", "passage": n, "text": "x", "quote": [0, 1]} for n in range(5)
    ]
    usage = {"input_tokens": 1, "output_tokens": 1, "estimated": False}
    names = ("status", "model", "error", "finish_reason", "reasoning", "author", "timing", "cost", "left_out")
    one = {"role": "assistant", "text": "x", "usage": usage, "citations": citations} | dict.fromkeys(
        names, "x"
    )
    refuse_heaps(json.dumps({**HEADING, "messages": [one | {"citations": []}, one] * 5_000}))


def test_fields_without_end_are_one_complaint(api: Api) -> None:
    unknown = {f"field {number}": 1 for number in range(50_000)}
    status, said = brought(api, {**HEADING, "messages": [], **unknown})
    assert status == 422
    assert said.startswith("The body: must not have more than ")
    told = api.call("POST", "/conversations", {"title": "A", **unknown})
    assert told.status_code == 422


def test_of_many_wrong_messages_the_first_is_named(api: Api) -> None:
    wrong = [{"role": "nobody", "text": "", "created_at": HEADING["created_at"]}] * 10_000
    status, said = brought(api, {**HEADING, "messages": wrong})
    assert status == 422
    assert said.startswith("messages.0.role: ")
    assert "messages.1" not in said
