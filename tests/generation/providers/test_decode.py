"""Reading chat completions from bytes: every cut gives the same, what is broken is skipped."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.sse import LONGEST_LINE
from chat.generation.providers.decode import AnswerDecoder
from chat.generation.providers.types import Delta, Item, Reasoning, Usage
from tests.scripted import Script, answer_of, writes

BODY = b"".join(
    b"".join(parts) for parts in writes(Script(framing="close", reasoning="Let me think. 🤔"), True)
)


def sse(*chunks: Any) -> bytes:
    """Make a body of chunks; a string is data as it stands."""
    texts = (chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks)
    return "".join(f"data: {text}\n\n" for text in texts).encode(errors="surrogatepass")


def says(content: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}}], **more}


def read(*pieces: bytes) -> tuple[AnswerDecoder, list[Item]]:
    """Read a body to its end, piece by piece."""
    decoder = AnswerDecoder()
    items: list[Item] = []
    for piece in pieces:
        items += decoder.feed(piece)
    return decoder, items + decoder.close()


def text_of(items: list[Item], kind: type[Delta] | type[Reasoning] = Delta) -> str:
    return "".join(item.text for item in items if isinstance(item, kind))


@given(st.sets(st.integers(1, len(BODY) - 1)))
def test_however_a_body_is_cut_it_says_the_same(cuts: set[int]) -> None:
    places = [0, *sorted(cuts), len(BODY)]
    decoder, items = read(*(BODY[start:end] for start, end in pairwise(places)))
    assert text_of(items) == answer_of(Script())
    assert text_of(items, Reasoning) == "Let me think. 🤔"
    assert decoder.done
    assert decoder.failure is None
    assert decoder.usage is not None


def test_each_byte_alone() -> None:
    _, items = read(*(BODY[at : at + 1] for at in range(len(BODY))))
    assert text_of(items) == answer_of(Script())


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_no_bytes_make_it_raise(pieces: list[bytes]) -> None:
    decoder, _ = read(*pieces)
    assert decoder.failure or decoder.finished


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))
)
def test_no_json_in_any_field_makes_it_raise(value: Any) -> None:
    delta = {"content": value, "reasoning": value, "refusal": value}
    chunk = {"choices": [{"delta": delta, "finish_reason": None}], "usage": value}
    decoder, _ = read(sse(chunk, says("fine"), {"choices": value}, "[DONE]"))
    assert decoder.done


def test_a_reason_that_no_table_could_hold_is_cut() -> None:
    decoder, _ = read(sse({"choices": [{"delta": {}, "finish_reason": "stop\x00" + "p" * 100}]}))
    assert decoder.finish_reason == "stop" + "p" * 36


def test_order_between_thought_and_text_is_kept() -> None:
    body = sse(
        {"choices": [{"delta": {"reasoning": "a"}}]},
        {"choices": [{"delta": {"reasoning_content": "b"}}]},
        says("c"),
        says("d"),
        {"choices": [{"delta": {"reasoning": "e"}}]},
        "[DONE]",
    )
    assert read(body)[1] == [Reasoning("ab"), Delta("cd"), Reasoning("e")]


def test_surrogates_are_joined_across_deltas_and_lone_ones_replaced() -> None:
    halves = json.dumps("🙂")[1:7], json.dumps("🙂")[7:13]
    chunks = [f'{{"choices":[{{"delta":{{"content":"{half}"}}}}]}}' for half in (*halves, halves[0])]
    for body in (sse(*chunks, "[DONE]"), b"".join(sse(chunk) for chunk in chunks) + sse("[DONE]")):
        assert text_of(read(body)[1]) == "🙂\ufffd"
    assert text_of(read(*(sse(chunk) for chunk in chunks), sse("[DONE]"))[1]) == "🙂\ufffd"


def test_nul_is_dropped() -> None:
    assert text_of(read(sse(says("a\0b"), says("\0"), "[DONE]"))[1]) == "ab"
    assert text_of(read(b'data: {"choices":[{"delta":{"content":"a\0b"}}]}\n\n')[1]) == "ab"


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert text_of(read(b'data: {"choices":[{"delta":{"content":"a\xffb"}}]}\n\n')[1]) == "a\ufffdb"


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "nonsense",
        "[" * 100_000,
        '{"choices": [{"delta": {"content": "half',
        '{"choices": 7}',
        '{"choices": [{"finish_reason": 3}]}',
        "null",
        "[]",
    ],
)
def test_a_broken_event_is_skipped(broken: str) -> None:
    decoder, items = read(sse(says("before "), broken, says("after"), "[DONE]"))
    assert text_of(items) == "before after"
    assert decoder.done


def test_nothing_but_broken_events_is_no_answer() -> None:
    decoder, _ = read(sse("{", "{", "[DONE]"))
    assert decoder.failure is not None
    assert decoder.failure.code == "not_a_stream"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"error": {"message": "Overloaded."}}, "Overloaded."),
        ({"error": "Overloaded."}, "Overloaded."),
        ({"error": {"code": 502}}, "The model's server reported an error."),
        ({"error": {"message": {"deep": 1}}}, "The model's server reported an error."),
        ({"object": "error", "message": "Overloaded."}, "Overloaded."),
        ({"choices": [{"delta": {}, "finish_reason": "error"}]}, "The model's server reported an error."),
    ],
)
def test_an_error_in_mid_stream_ends_it_and_keeps_what_came(error: dict[str, Any], words: str) -> None:
    decoder = AnswerDecoder()
    items = decoder.feed(sse(says("kept"), error, says("never")))
    assert items == [Delta("kept")]
    assert decoder.failure is not None
    assert decoder.failure.code == "provider_failed"
    assert decoder.failure.message.endswith(words)


@pytest.mark.parametrize(
    "data", ['{"error": {"message": "Gone."}}', '{"message": "Gone."}', '"Gone."', "Gone."]
)
def test_an_error_by_its_name(data: str) -> None:
    decoder = AnswerDecoder()
    decoder.feed(f"event: error\ndata: {data}\n\n".encode())
    assert decoder.failure is not None
    assert decoder.failure.message == "The model's server reported an error: Gone."


def test_a_document_instead_of_a_stream_is_understood() -> None:
    whole = {"choices": [{"message": {"content": "All at once."}, "finish_reason": "length"}]}
    decoder, items = read(json.dumps(whole, indent=2).encode())
    assert items == [Delta("All at once.")]
    assert decoder.finish_reason == "length"
    decoder, items = read(b' {"error": {"message": "No."}}')
    assert decoder.failure is not None
    assert decoder.failure.message.endswith("No.")
    assert read(b'{"detail": "something else"}')[0].failure is not None


def test_the_length_of_a_line_and_of_a_document_is_bounded() -> None:
    for start in (b"data: ", b"{", b'data: {"choices"\n' * 80_000):
        decoder = AnswerDecoder()
        decoder.feed(start)
        for _ in range(LONGEST_LINE // 10_000 + 1):
            decoder.feed(b"x" * 10_000)
        assert decoder.failure is not None
        assert decoder.failure.code == "too_large"


def test_content_in_parts() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "yes"},
        {"type": "image"},
        7,
    ]
    assert read(sse(says(parts), "[DONE]"))[1] == [Reasoning("hm"), Delta("yes")]


def test_usage_in_every_chunk_counts_once_and_the_last_counts() -> None:
    counts = [{"prompt_tokens": 3, "completion_tokens": done} for done in (1, 2)]
    decoder, items = read(sse(says("a", usage=counts[0]), says("b", usage=counts[1]), "[DONE]"))
    assert decoder.usage == Usage(3, 2)
    assert text_of(items) == "ab"


def test_nothing_after_done_is_read() -> None:
    assert text_of(read(sse(says("a"), "[DONE]", says("b")))[1]) == "a"


def test_an_end_without_a_last_blank_line_is_an_end() -> None:
    decoder, items = read(sse(says("a")) + b"data: [DONE]")
    assert decoder.done
    assert items == [Delta("a")]
