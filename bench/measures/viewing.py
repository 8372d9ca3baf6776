"""What viewers get and cost: lag behind the provider, memory while idle, database work while waiting."""

import json
import time

from bench.load import Crowd, percentile
from bench.rig import Rig, drive, follow, memory_kib
from bench.table import Figure
from tests.person import Person

VIEWERS = 300
QUIET_S = 10  # less than what lies between two heartbeats, which look again
STAMP = 16  # digits of a whole stamp


def measure(rig: Rig, rounds: int) -> list[Figure]:
    return [*_lag(rig), *_idle(rig)]


def _lag(rig: Rig) -> list[Figure]:
    """One answer with a viewer, ten such at once: how old is what a viewer is shown?"""
    person = Person.sign_in(rig.headwater.url)
    model = "stamped;stamp=true;tokens=300;pace=50"
    asked = [person.ask(model=model, chunk_by=160) for _ in range(10)]  # bytes: stamps hold no sentence
    crowd = Crowd()
    viewers = [
        crowd.add(follow(person, rig.headwater.port, f"/api/streams/{one.stream_id}/events")) for one in asked
    ]
    drivers = [crowd.add(drive(person, rig.headwater.port, one.stream_id)) for one in asked]
    crowd.read(60, until_ended=[*viewers, *drivers])
    newest, oldest = [], []
    for viewer in viewers:
        for at, text in _chunks(viewer.body()):
            stamps = [int(stamp) / 1e6 for stamp in text.split() if len(stamp) == STAMP]
            newest.append((at - stamps[-1]) * 1000)
            oldest.append((at - stamps[0]) * 1000)
    crowd.close()
    return [
        Figure("viewer lag beyond its batch, p50", percentile(newest, 0.5), "ms"),
        Figure(
            "… p99",
            percentile(newest, 0.99),
            "ms",
            100,
            f"oldest token of a batch {percentile(oldest, 0.5):.0f} ms",
        ),
    ]


def _chunks(body: list[tuple[float, bytes]]) -> list[tuple[float, str]]:
    """The text of each chunk frame and when it was whole."""
    found, waiting = [], b""
    for at, data in body:
        waiting += data
        while b"\n\n" in waiting:
            block, _, waiting = waiting.partition(b"\n\n")
            if b"event: chunk" in block or b"event: delta" in block:
                found.append((at, json.loads(block.split(b"data: ", 1)[1])["text"]))
    return found


def _idle(rig: Rig) -> list[Figure]:
    """Viewers of a conversation in which nothing happens."""
    server = rig.inspected
    person = Person.sign_in(server.url)
    asked = person.ask(model="idle;tokens=20")
    Crowd([drive(person, server.port, asked.stream_id)]).read(30)
    path = f"/api/conversations/{asked.conversation_id}/events"
    warm = Crowd([follow(person, server.port, path) for _ in range(50)])
    warm.read(2)
    warm.close()
    time.sleep(2)
    alone = _statements(rig, QUIET_S)
    before = memory_kib(server)
    crowd = Crowd([follow(person, server.port, path) for _ in range(VIEWERS)])
    crowd.read(3)
    each = (memory_kib(server) - before) / VIEWERS
    watched = _statements(rig, QUIET_S)
    gone = sum(not line.open for line in crowd.lines)
    assert not gone, f"{gone} idle viewers were sent away"
    crowd.close()
    return [
        Figure("memory of an idle viewer", each, "KiB", 32, f"{VIEWERS} of them on /events"),
        Figure(
            "database statements a second for each waiting viewer",
            (watched - alone) / VIEWERS,
            "",
            0.01,
            f"{alone:.1f}/s with none, {watched:.1f}/s with {VIEWERS}",
        ),
    ]


def _statements(rig: Rig, seconds: float) -> float:
    before = rig.gauge("statements")
    time.sleep(seconds)
    return (rig.gauge("statements") - before) / seconds
