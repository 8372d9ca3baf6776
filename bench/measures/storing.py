"""What storing costs: rows and write-ahead log per byte of text, and whether the hub ever stood still."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bench.load import Crowd
from bench.rig import Rig, drive, follow
from bench.table import Figure
from tests.person import Person

STREAMS = 10


def measure(rig: Rig, rounds: int) -> list[Figure]:
    return [*_disk(rig), *_hub(rig)]


def _disk(rig: Rig) -> list[Figure]:
    """Ten answers of 4 kB at once. Our open read keeps SQLite from starting its log over: it only grows."""
    server = rig.inspected
    file = server.folder / "headwater.sqlite3"
    log = Path(f"{file}-wal")
    person = Person.sign_in(server.url)
    asked = [person.ask(model="disk;tokens=800;pace=100") for _ in range(STREAMS)]
    with closing(sqlite3.connect(file, isolation_level=None)) as watcher:
        watcher.execute("BEGIN")
        watcher.execute("SELECT count(*) FROM streams").fetchone()
        bytes_before, rows_before = log.stat().st_size, rig.gauge("chunks")
        crowd = Crowd([drive(person, server.port, one.stream_id) for one in asked])
        crowd.read(60)
        text = sum(person.state(one.stream_id)["next_offset"] for one in asked)
        grown, rows = log.stat().st_size - bytes_before, rig.gauge("chunks") - rows_before
    crowd.close()
    return [
        Figure(
            "rows written per 1,000 bytes of text", rows / text * 1000, "", beside=f"{text:,} bytes in all"
        ),
        Figure(
            "WAL bytes per byte of text",
            grown / text,
            "×",
            beside=f"{STREAMS} answers of {text // STREAMS:,} bytes",
        ),
    ]


def _hub(rig: Rig) -> list[Figure]:
    """The full load with a viewer each, and a gauge inside the server."""
    server = rig.inspected
    person = Person.sign_in(server.url)
    asked = [person.ask(model="hub;tokens=400;pace=50") for _ in range(32)]
    crowd = Crowd()
    for one in asked:
        crowd.add(follow(person, server.port, f"/api/conversations/{one.conversation_id}/events"))
    rig.reset_gauges()
    drivers = [crowd.add(drive(person, server.port, one.stream_id)) for one in asked]
    crowd.read(1.5, until_ended=drivers)
    beginning = rig.gauge("longest_block_ms"), rig.gauge("longest_work_ms")
    rig.reset_gauges()
    crowd.read(60, until_ended=drivers)
    running = rig.gauge("longest_block_ms"), rig.gauge("longest_work_ms")
    crowd.close()
    return [
        Figure("longest time the hub stood still, 32 answers run", running[0], "ms", 100, _at_work(running)),
        Figure("… 32 drives arrive at one moment", beginning[0], "ms", 100, _at_work(beginning)),
    ]


def _at_work(gauges: tuple[float, float]) -> str:
    return f"{gauges[1]:.0f} ms of it at work; a viewer for each"
