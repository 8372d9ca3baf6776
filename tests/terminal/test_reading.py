"""Reading one answer over lines that a test writes: takeovers, gaps, refusals, what is never withdrawn."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from chat.core.sse import SseMessage
from chat.terminal import reading
from chat.terminal.client import Client, Refused, Unreachable
from chat.terminal.reading import Ended, Lost, Reading, Text, Withdrawn


class Scripted(Client):
    """A server whose lines are written beforehand; it notes what it was asked."""

    def __init__(self, *lines: Any) -> None:
        self.lines = list(lines)
        self.asked: list[str] = []

    def open(self, method: str, path: str, last_id: str | None = None) -> Any:
        self.asked.append(f"{method} {path.partition('?')[2]}")
        line = self.lines.pop(0)
        if isinstance(line, Exception):
            raise line
        return nullcontext(Frames(line))


class Frames:
    """One line: its frames, then the end of the body, or what breaks it."""

    def __init__(self, frames: list[Any]) -> None:
        self.frames = frames

    def events(self) -> Iterator[SseMessage]:
        for frame in self.frames:
            if isinstance(frame, Exception):
                raise frame
            yield frame


def chunk(offset: int, text: str, epoch: int = 1) -> SseMessage:
    return SseMessage("chunk", json.dumps({"offset": offset, "text": text, "epoch": epoch}), "")


def rewind(offset: int, epoch: int) -> SseMessage:
    return SseMessage("rewind", json.dumps({"offset": offset, "epoch": epoch}), "")


def end(offset: int, status: str = "done", epoch: int = 1) -> SseMessage:
    data = {"offset": offset, "epoch": epoch, "status": status, "error": None, "finish_reason": "stop"}
    return SseMessage("end", json.dumps(data), "")


PING = SseMessage("ping", "{}", "")
DONE = Ended("done", None, "stop")


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_WAIT_S", 0.0)


def read(*lines: Any, every_token: bool = True) -> tuple[list[Any], list[str]]:
    server = Scripted(*lines)
    return list(Reading(server, "s", every_token=every_token).drive()), server.asked


def test_one_line_is_enough_when_it_holds() -> None:
    assert read([chunk(0, "a"), PING, chunk(1, "é"), end(3)]) == ([Text("a"), Text("é"), DONE], ["POST "])


def test_a_broken_line_is_taken_up_at_the_byte_where_it_broke() -> None:
    pieces, asked = read([chunk(0, "né"), Unreachable("")], [chunk(3, "e"), end(4)])
    assert pieces == [Text("né"), Text("e"), DONE]
    assert asked == ["POST ", "GET offset=3&epoch=1&pace=delta"]


def test_it_is_started_once_and_never_again() -> None:
    _, asked = read(Unreachable(""), Unreachable(""), [], [end(0)])
    assert [one.split()[0] for one in asked] == ["POST", "GET", "GET", "GET"]


def test_what_came_already_comes_once() -> None:
    pieces, _ = read([chunk(0, "né"), chunk(0, "née"), chunk(1, "é"), end(4)])
    assert pieces == [Text("né"), Text("e"), DONE]


def test_a_gap_is_asked_for_again() -> None:
    pieces, asked = read([chunk(0, "a"), chunk(5, "z")], [chunk(1, "b"), end(2)])
    assert (pieces, asked[1]) == ([Text("a"), Text("b"), DONE], "GET offset=1&epoch=1&pace=delta")


def test_a_takeover_withdraws_what_was_not_stored() -> None:
    pieces, _ = read([chunk(0, "abc"), rewind(1, 2), chunk(1, "x", 2), end(2, epoch=2)])
    assert pieces == [Text("abc"), Withdrawn(2), Text("x"), DONE]


def test_a_takeover_during_an_absence_withdraws_it_too() -> None:
    refused = Refused(409, "rewound", "", length=1, epoch=2)
    pieces, asked = read([chunk(0, "abc")], refused, [chunk(1, "x", 2), end(2, epoch=2)])
    assert pieces == [Text("abc"), Withdrawn(2), Text("x"), DONE]
    assert asked[-1] == "GET offset=1&epoch=2&pace=delta"


def test_who_reads_what_is_stored_only_starts_it_by_driving() -> None:
    pieces, asked = read([chunk(0, "tokens")], [chunk(0, "stored"), end(6)], every_token=False)
    assert (pieces, asked) == ([Text("stored"), DONE], ["POST ", "GET offset=0"])


def test_an_end_that_is_shorter_than_what_came_withdraws_the_rest() -> None:
    assert read([chunk(0, "abc"), end(1)])[0] == [Text("abc"), Withdrawn(2), DONE]


@pytest.mark.parametrize("status", ["stopped", "error", "interrupted"])
def test_an_end_says_how(status: str) -> None:
    assert read([end(0, status)])[0] == [Ended(status, None, "stop")]


def test_a_closed_stream_is_not_asked_for_again() -> None:
    assert read([chunk(0, "a"), SseMessage("close", "{}", "")])[0] == [Text("a"), Ended(None)]


def test_a_busy_server_is_asked_again_and_a_refusal_is_not() -> None:
    assert read(Refused(503, "restarting", ""), Refused(502, "", ""), [end(0)])[0] == [DONE]
    with pytest.raises(Refused):
        read(Refused(404, "not_found", ""))
    with pytest.raises(Refused):
        read([], Refused(403, "read_only", ""))


def test_a_server_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "GIVE_UP_S", -1.0)
    with pytest.raises(Lost):
        read([chunk(0, "a")], Unreachable(""))
