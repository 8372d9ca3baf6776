"""Server-sent events, both ways: the standard's own examples, any cut, any line end, and bounds."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.sse import LONGEST_LINE, PING, Decoder, LineTooLong, SseMessage, encode, encode_json
from tests.core.texts import any_text, cut

STREAM_PIECES = (
    b"data: ", b"data:", b"data", b"event: x", b"id: 7", b"id: \0", b":", b"retry: 1", b"\xef\xbb\xbf",
    b"\n", b"\n\n", b"\r", b"\r\n", b"\r\n\r\n", b'{"a": 1}', b"[DONE]", "é世\u2028\x85".encode(), b"\xff",
)  # fmt: skip


def decode(*chunks: bytes) -> list[SseMessage]:
    decoder = Decoder()
    return [message for chunk in chunks for message in decoder.feed(chunk)]


def by_the_letter(stream: bytes) -> list[SseMessage]:
    """Interpret a whole stream as the standard words it (WHATWG HTML 9.2.6), slowly."""
    messages, data, event, last_id = [], "", "", ""
    text = stream.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    *lines, _unfinished = re.split(r"\r\n|\n|\r", text)
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if data:
                messages.append(SseMessage(event or "message", data.removesuffix("\n"), last_id))
            data = event = ""
        elif field == "event":
            event = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
    return messages


# ── the examples of the standard ─────────────────────────────────────────────────────────────


def test_data_lines_are_joined_by_newlines() -> None:
    assert decode(b"data: YHOO\ndata: +2\ndata: 10\n\n") == [SseMessage("message", "YHOO\n+2\n10", "")]


def test_comments_ids_and_one_leading_space_are_read_as_the_standard_says() -> None:
    stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    assert decode(stream) == [
        SseMessage("message", "first event", "1"),
        SseMessage("message", "second event", ""),
        SseMessage("message", " third event", ""),
    ]


def test_empty_data_is_an_event_and_an_unfinished_one_is_none() -> None:
    assert decode(b"data\n\ndata\ndata\n\ndata:") == [
        SseMessage("message", "", ""),
        SseMessage("message", "\n", ""),
    ]


def test_a_named_event_without_data_is_none_and_does_not_name_the_next() -> None:
    assert decode(b"event: error\n\ndata: x\n\n") == [SseMessage("message", "x", "")]


# ── what providers do ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_is_one_even_cut_in_two(end: bytes) -> None:
    stream = end.join([b"event: error", b"data: a", b"", b": keepalive", b"", b"data: [DONE]", b"", b""])
    told = [SseMessage("error", "a", ""), SseMessage("message", "[DONE]", "")]
    assert decode(stream) == told
    assert decode(*(stream[at : at + 1] for at in range(len(stream)))) == told


def test_many_events_of_one_read_all_come() -> None:
    assert [message.data for message in decode(b"data: 1\n\ndata: 2\n\ndata: 3\n\n")] == ["1", "2", "3"]


def test_an_event_after_a_lone_cr_is_not_swallowed() -> None:
    decoder = Decoder()
    assert [message.data for message in decoder.feed(b"data: 1\r\r")] == ["1"]
    assert decoder.feed(b"\n") == []
    assert [message.data for message in decoder.feed(b"data: 2\n\n")] == ["2"]


def test_a_byte_order_mark_counts_at_the_beginning_only() -> None:
    assert decode(b"\xef", b"\xbb\xbfdata: 1\n\n", b"\xef\xbb\xbfdata: 2\n\n")[1:] == []


def test_a_byte_order_mark_after_the_first_event_is_part_of_its_line() -> None:
    assert len(decode(b"data: 1\n\n", b"\xef\xbb\xbfdata: 2\n", b"\n")) == 1


def test_an_events_name_may_come_in_a_read_of_its_own() -> None:
    assert decode(b"event: error\n", b"data: x\n\n") == [SseMessage("error", "x", "")]


def test_bytes_that_are_no_utf_8_do_not_end_the_stream() -> None:
    assert decode(b"data: \xff\n\n", b"data: ok\n\n")[1].data == "ok"


def test_what_an_unclosed_body_held_last_can_still_be_had() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: 1\n\ndata: [DONE]\n")[0].data == "1"
    assert decoder.close() == [SseMessage("message", "[DONE]", "")]
    assert decoder.close() == []


@given(cut(st.lists(st.sampled_from(STREAM_PIECES), max_size=30).map(b"".join)))
def test_any_stream_cut_anywhere_is_read_to_the_letter(chunks: list[bytes]) -> None:
    assert decode(*chunks) == by_the_letter(b"".join(chunks))


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * LONGEST_LINE + b"\n\n"],
        [b"data: " + b"x" * LONGEST_LINE],
        [b"x" * 65536] * 16,
        [b"data: " + b"x" * 65536 + b"\n"] * 16,
    ],
    ids=["a whole event", "a line in one read", "a line in many reads", "an event of many lines"],
)
def test_a_line_or_event_beyond_the_limit_is_refused(chunks: list[bytes]) -> None:
    with pytest.raises(LineTooLong):
        decode(*chunks)


def test_any_number_of_events_within_the_limit_may_come() -> None:
    event = b"data: " + b"x" * 65536 + b"\n\n"
    assert len(decode(*[event[:100], event[100:]] * 40)) == 40


# ── our own ──────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_written_with_the_space_and_ends_with_a_blank_line() -> None:
    assert encode("chunk", "a\nb", "e1") == b"event: chunk\nid: e1\ndata: a\ndata: b\n\n"
    assert encode(None, "") == b"data: \n\n"
    assert PING == b"event: ping\ndata: {}\n\n"


def test_a_carriage_return_in_data_cannot_pose_as_a_field() -> None:
    assert decode(encode("x", "a\revent: close\r\nb", "1")) == [SseMessage("x", "a\nevent: close\nb", "1")]


@given(any_text)
def test_json_comes_back_as_it_was_in_one_data_line_of_any_reader(text: str) -> None:
    frame = encode_json("delta", {"offset": 3, "text": text}, "opaque")
    (message,) = decode(frame)
    assert json.loads(message.data) == {"offset": 3, "text": text}
    assert (message.event, message.id) == ("delta", "opaque")
    assert len(frame.decode().splitlines()) == 4  # even for one who splits as Unicode does


@given(cut(st.lists(st.text(st.characters(exclude_characters="\r", codec="utf-8"))).map("\n".join)))
def test_raw_data_comes_back_as_it_was(pieces: list[str]) -> None:
    (message,) = decode(encode(None, "".join(pieces)))
    assert message.data == "".join(pieces)
