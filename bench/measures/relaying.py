"""What a token costs and how long it takes: CPU and latency at 32 drivers × 50 tokens a second."""

import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median

from bench.load import Ask, Crowd, percentile
from bench.rig import Rig, cpu_seconds, drive
from bench.table import Figure
from tests.person import Person
from tests.server import RealServer

DRIVERS, PACE = 32, 50
MakeAsks = Callable[[str], list[Ask]]


def measure(rig: Rig, rounds: int) -> list[Figure]:
    """Take turns (relay, Headwater, SDK, relay, …), so that a machine that slows down slows all of them."""
    return [*_cpu(rig, rounds), *_latency(rig, rounds)]


def _contestants(rig: Rig) -> dict[str, tuple[RealServer, MakeAsks]]:
    person = Person.sign_in(rig.headwater.url)

    def ours(model: str) -> list[Ask]:
        asked = [person.ask("What is a stream?", model=model) for _ in range(DRIVERS)]
        return [drive(person, rig.headwater.port, one.stream_id) for one in asked]

    return {
        "bare": (rig.relay, lambda model: [rig.ask_bare(model)] * DRIVERS),
        "ours": (rig.headwater, ours),
        "sdk": (rig.relay, lambda model: [rig.ask_sdk(model)] * DRIVERS),
    }


def _cpu(rig: Rig, rounds: int) -> list[Figure]:
    tokens = 8 * PACE
    model = f"prose;tokens={tokens};pace={PACE}"
    spent: dict[str, list[float]] = {"bare": [], "ours": [], "sdk": []}
    for number in range(rounds):
        for name, (server, make_asks) in _contestants(rig).items():
            if name == "sdk" and number == rounds - 1 and rounds > 2:
                continue  # the slowest of the three need not be known so well
            asks = make_asks(model)
            before = cpu_seconds(server)
            _read_all(asks)
            time.sleep(0.3)  # the last batches and end records are part of the price
            spent[name].append((cpu_seconds(server) - before) / (DRIVERS * tokens) * 1e6)
    bare, ours, sdk = (median(spent[name]) for name in ("bare", "ours", "sdk"))
    beside = f"bare relay {bare:.0f} µs, openai iterator {sdk:.0f} µs ({sdk / bare:.1f} ×)"
    ratios = [one / other for one, other in zip(spent["ours"], spent["bare"], strict=True)]
    return [
        Figure("server CPU per 1,000 tokens, stored", ours, "ms", beside=beside),
        Figure("… as a multiple of the bare relay", median(ratios), "×", 1.6, _spread(ratios)),
    ]


def _latency(rig: Rig, rounds: int) -> list[Figure]:
    model = f"stamped;stamp=true;tokens={6 * PACE};pace={PACE}"
    delays: dict[str, list[tuple[float, float]]] = {"bare": [], "ours": []}
    for _ in range(rounds):
        for name in delays:
            crowd = _read_all(_contestants(rig)[name][1](model))
            found = [delay for line in crowd.lines for delay in stamp_delays(line.body())]
            assert len(found) > DRIVERS * 5 * PACE, f"{name}: only {len(found)} tokens arrived"
            delays[name].append((percentile(found, 0.5) * 1000, percentile(found, 0.99) * 1000))
    (bare50, bare99), (ours50, ours99) = (
        [median(values) for values in zip(*delays[name], strict=True)] for name in ("bare", "ours")
    )
    return [
        Figure("token latency p50", ours50, "ms", beside=f"bare relay {bare50:.2f} ms"),
        Figure("… added over the bare relay", ours50 - bare50, "ms", 0.3),
        Figure("token latency p99", ours99, "ms", beside=f"bare relay {bare99:.2f} ms"),
        Figure("… added over the bare relay", ours99 - bare99, "ms", 8),
    ]


def stamp_delays(body: list[tuple[float, bytes]]) -> list[float]:
    """How old each stamped token was when it arrived; one that came in two pieces counts when it is whole."""
    delays, cut = [], b""
    for (at, data), (_, following) in pairwise([*body, (0.0, b" ")]):
        whole = cut + data
        if following[:1] == b" ":
            stamps, cut = whole.split(), b""
        else:
            *stamps, cut = whole.split(b" ")
        delays += [at - int(stamp) / 1e6 for stamp in stamps if stamp.isdigit()]
    return delays


def _read_all(asks: list[Ask]) -> Crowd:
    crowd = Crowd(asks)
    crowd.read()
    assert not any(line.open for line in crowd.lines), "an answer did not end"
    crowd.close()
    return crowd


def _spread(values: list[float]) -> str:
    return "rounds: " + ", ".join(f"{value:.2f}" for value in values)
