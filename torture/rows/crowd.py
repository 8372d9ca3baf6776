"""Crowds of readers: some take nothing, some leave without a word, some all come back at once."""

import json
import resource
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gevent
import psutil
import requests

from tests.person import Person
from tests.reading import RawResponse, SseReader
from tests.server import RealServer
from torture.answers import Answer, ask
from torture.ground import Ground, until
from torture.lags import Lags, p99
from torture.row import Row
from torture.tally import Tally

STALLED, STALLED_S, STALLED_KIB = 200, 30.0, 256
BIG, PIECE = 1_000_000, "x" * 20_000  # bytes: the longest answer there is by default
OTHERS, LAG_S = 8, 8.0
LAG_SHARE, LAG_MS = 1.2, 1.0  # of before; and what two clocks of a busy machine cannot tell apart
CROWD, STREAMS = 1_000, 10
NOTICED_S, CAUGHT_UP_S, READ_S = 1.0, 10.0, 0.1
BACK = 5  # files and greenlets that may be more than before
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


@dataclass
class Inspected:
    """A server with gauges inside, and somebody at it."""

    server: RealServer
    person: Person

    @property
    def worker(self) -> psutil.Process:
        return self.server.workers[0]

    def gauges(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(self.server.url + "/torture/gauges", timeout=20).json()
        return found

    def settle(self) -> dict[str, Any]:
        """Give the gauges once nothing is left of what came before."""
        gevent.sleep(1.5)
        return self.gauges()

    def check_back(self, tally: Tally, before: dict[str, Any], seconds: float) -> float:
        """Wait until files are back where they were, then look at greenlets; returns how long it took."""
        began = time.monotonic()
        until(lambda: self.worker.num_fds() <= before["files"] + BACK, seconds, "files are closed again")
        took = time.monotonic() - began
        gevent.sleep(0.5)
        after = self.gauges()
        for name in ("files", "greenlets"):
            tally.worst(f"{name} more than before", max(0, after[name] - before[name]))
            tally.must(
                after[name] <= before[name] + BACK, f"{name}: {before[name]} before, {after[name]} after"
            )
        return took


def _raise_limits() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _inspected(ground: Ground, **environment: str) -> Inspected:
    _raise_limits()
    server = ground.server(1, app="torture.inspected:app", **environment)
    return Inspected(server, ground.person(server))


# ── readers that take nothing ────────────────────────────────────────────────────────────────────


def stall(ground: Ground, tally: Tally, runs: int) -> None:
    made = _inspected(ground)
    event = "data: " + json.dumps({"choices": [{"delta": {"content": PIECE}}]}) + "\n\n"
    model = ground.model()
    ground.provider.script(model, raw=event * (BIG // len(PIECE)) + "data: [DONE]\n\n")
    big = made.person.ask(model=model).stream_id
    made.person.drive(big).read_all()
    until(lambda: made.person.state(big)["status"] == "done", 30, "the long answer is stored", every=0.5)
    for _ in range(runs):
        _stall_once(ground, made, big, tally)


def _stall_once(ground: Ground, made: Inspected, big: str, tally: Tally) -> None:
    calm = _lags(ground, made)
    before, memory = made.settle(), made.worker.memory_full_info().uss
    path = f"/api/streams/{big}/events"
    stalled = [made.person.open(path, receive_buffer=4096) for _ in range(STALLED)]
    stalled_at = time.monotonic()
    tally.add("stalled", len(stalled))
    troubled = _lags(ground, made)
    each = (made.worker.memory_full_info().uss - memory) / 1024 / STALLED
    tally.worst("KiB each", each)
    tally.must(each <= STALLED_KIB, f"a stalled reader costs {each:.0f} KiB")
    for kind in ("driving", "viewing"):
        was, became = p99(getattr(calm, kind)), p99(getattr(troubled, kind))
        tally.worst(f"p99 ms {kind} before", was)
        tally.worst(f"p99 ms {kind} beside them", became)
        tally.must(became <= was * LAG_SHARE + LAG_MS, f"{kind}: p99 was {was:.1f} ms, became {became:.1f}")
    made.check_back(tally, before, STALLED_S + 10)
    took = time.monotonic() - stalled_at
    tally.worst("closed after s", took)
    tally.must(took >= STALLED_S - 5, f"closed after {took:.0f} s already")
    whole = sum(len(one.read_all()) >= BIG for one in stalled)
    tally.must(not whole, f"{whole} stalled readers got everything: they did not stall")


def _lags(ground: Ground, made: Inspected) -> Lags:
    lags = Lags()
    lags.start(ground, made.person, OTHERS, LAG_S)
    lags.finish(LAG_S + 20)
    return lags


# ── readers that leave, and readers that all come back ───────────────────────────────────────────


def leave(ground: Ground, tally: Tally, runs: int) -> None:
    made = _inspected(ground)
    for _ in range(runs):
        answers = [ask(ground, made.person, tokens=6000, pace=20) for _ in range(STREAMS)]
        drivers = [answer.read(drives=True) for answer in answers]
        before = made.settle()
        lines = _crowd(made, answers)
        tally.add("disconnects", len(lines))
        for number, line in enumerate(lines):
            _hang_up(line.response, reset=number % 2 == 0)
        took = made.check_back(tally, before, 20)
        tally.worst("noticed after ms", took * 1000)
        tally.must(took <= NOTICED_S, f"{len(lines)} that left were noticed after {took:.1f} s")
        _end(answers)
        gevent.joinall([driver.greenlet for driver in drivers], timeout=10)


def come_back(ground: Ground, tally: Tally, runs: int) -> None:
    made = _inspected(ground)
    for _ in range(runs):
        answers = [ask(ground, made.person, tokens=6000, pace=40) for _ in range(STREAMS)]
        drivers = [answer.read(drives=True) for answer in answers]
        before = made.settle()
        places = []
        for line in _crowd(made, answers):
            places.append(line.until("chunk").id)
            line.close()
        _herd(made, answers, tally, places)
        made.check_back(tally, before, 20)
        _end(answers)
        gevent.joinall([driver.greenlet for driver in drivers], timeout=10)


def _herd(made: Inspected, answers: Sequence[Answer], tally: Tally, places: Sequence[str | None]) -> None:
    """Let all come back to their places at once, and wait until each has what was stored by then."""
    made.gauges()  # forget the reads until now
    wanted = [made.person.state(answer.stream_id)["next_offset"] for answer in answers]
    began = time.monotonic()

    def return_to(number: int) -> None:
        which = number % len(answers)
        with made.person.follow(answers[which].stream_id, last_id=places[number]).response as response:
            events = SseReader(response)
            while (event := events.next()) is not None:
                if event.name == "chunk" and _end_of(event.data) >= wanted[which]:
                    return

    herd = [gevent.spawn(return_to, number) for number in range(len(places))]
    gevent.joinall(herd, timeout=60, raise_error=True)
    took = time.monotonic() - began
    tally.add("came back", sum(one.successful() for one in herd))
    tally.worst("caught up after ms", took * 1000)
    tally.must(took <= CAUGHT_UP_S, f"the herd had caught up after {took:.1f} s")
    most = max(len(times) for times in made.gauges()["reads"].values())
    tally.worst("reads of a stream meanwhile", most)
    tally.must(most <= 1 + took / READ_S, f"a stream was read {most} times in {took:.1f} s")


def _end_of(slice_: dict[str, Any]) -> int:
    return int(slice_["offset"]) + len(slice_["text"].encode())


def _crowd(made: Inspected, answers: Sequence[Answer]) -> list[SseReader]:
    return [made.person.follow(answers[number % len(answers)].stream_id) for number in range(CROWD)]


def _hang_up(response: RawResponse, *, reset: bool) -> None:
    if reset:
        response.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    response.close()


def _end(answers: Sequence[Answer]) -> None:
    for answer in answers:
        answer.person.stop(answer.stream_id)


ROWS = [
    Row(
        "crowd-stalled",
        f"{STALLED} readers that take nothing, beside {OTHERS} live answers",
        f"others' lag p99 within 20 % of before; ≤ {STALLED_KIB} KiB each; closed at {STALLED_S:g} s",
        ci=1,
        long=1,
        torture=stall,
    ),
    Row(
        "crowd-leaving",
        f"{CROWD} readers that leave without a word",
        f"noticed ≤ {NOTICED_S:g} s; files and greenlets back at the baseline ± {BACK}",
        ci=1,
        long=1,
        torture=leave,
    ),
    Row(
        "crowd-herd",
        f"{CROWD} viewers of {STREAMS} answers that come back at once",
        f"caught up ≤ {CAUGHT_UP_S:g} s with ≤ 1 read per stream per {READ_S * 1000:g} ms",
        ci=1,
        long=1,
        torture=come_back,
    ),
]
