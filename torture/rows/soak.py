"""A long time of ordinary life with many leavings: nothing is stuck, and nothing grows."""

import random
import statistics
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import gevent
import psutil
import psycopg
import requests

from chat.addresses import libpq
from tests.server import RealServer
from torture.ground import Ground, TooLate, until
from torture.life import Life
from torture.row import Row
from torture.tally import Tally

CONVERSATIONS = 30
WARM_UP_SHARE = 0.33  # pools, caches and the allocator fill; what is compared with comes after it
SAMPLE_S = 2.0
SETTLE_S = 20.0
BACK = 5  # files, greenlets and connections that may be more than before
# A worker's memory over the measured time, by the line through its samples. What is left behind by one answer
# in each would show: at ten answers a second 2 minutes are 800 of them, so 10 KiB an answer are 8 MiB.
GROWTH_MIB = 8.0
PER_HOUR_MIB = 24.0  # of a long run


@dataclass(frozen=True)
class Census:
    """What is open while nobody does anything, worker by worker."""

    files: dict[int, int]
    greenlets: dict[int, int]
    connections: int


def torture(database: str, ground: Ground, tally: Tally, minutes: int) -> None:
    addresses = ground.addresses(database)
    server = ground.server(2, app="torture.inspected:app", **addresses)
    seconds = minutes * 60.0
    _live(ground, server, tally, seconds * WARM_UP_SHARE)
    before = _settled(ground, server, tally)
    measured_s = seconds * (1 - WARM_UP_SHARE)
    memory = _live(ground, server, tally, measured_s)
    after = _settled(ground, server, tally)
    tally.must(before.files.keys() == after.files.keys(), "a worker died")
    _compare(tally, "files", before.files, after.files)
    _compare(tally, "greenlets", before.greenlets, after.greenlets)
    _compare(tally, "connections", {0: before.connections}, {0: after.connections})
    bound = max(GROWTH_MIB, PER_HOUR_MIB * measured_s / 3600)
    for samples in memory.values():
        growth = _slope(samples) * measured_s / (1 << 20)
        tally.worst("memory growth MiB", max(0.0, growth))
        tally.worst("memory MiB", max(size for _, size in samples) / (1 << 20))
        tally.must(growth <= bound, f"a worker grew by {growth:.1f} MiB in {measured_s:.0f} s")


def _live(
    ground: Ground, server: RealServer, tally: Tally, seconds: float
) -> dict[int, list[tuple[float, float]]]:
    """Let them all live for so long; gives samples of (time, bytes) of each worker."""
    until_when = time.monotonic() + seconds
    person = ground.person(server)
    lives = [
        gevent.spawn(Life(person, tally, random.Random(ground.chance.random())).run, until_when)
        for _ in range(CONVERSATIONS)
    ]
    memory: dict[int, list[tuple[float, float]]] = {}
    while time.monotonic() < until_when:
        for worker in server.ready_workers:
            memory.setdefault(worker.pid, []).append((time.monotonic(), worker.memory_info().rss))
        gevent.sleep(SAMPLE_S)
    ground.provider.forget()
    gevent.joinall(lives, timeout=SETTLE_S * 3)
    tally.must(all(life.ready() for life in lives), "somebody still waits for something")
    gevent.killall(lives)
    return memory


def _settled(ground: Ground, server: RealServer, tally: Tally) -> Census:
    """Wait until nothing is under way, and count what is open then."""
    look = ground.database(server)
    try:
        until(lambda: not _unfinished(look.streams()), SETTLE_S, "no answer is under way", every=0.2)
        until(
            lambda: not any(map(partial(_clients, server.port), server.workers)), SETTLE_S, "no line is open"
        )
    except TooLate as late:
        tally.must(False, f"{late}: {_unfinished(look.streams())[:5]}")
    gauges = _gauges(server)
    return Census(
        {worker.pid: worker.num_fds() for worker in server.ready_workers},
        {pid: found["greenlets"] for pid, found in gauges.items()},
        _connections(server),
    )


def _unfinished(streams: list[Any]) -> list[Any]:
    return [one for one in streams if one.status in ("pending", "streaming")]


def _clients(port: int, worker: psutil.Process) -> int:
    lines = worker.net_connections("tcp")
    return sum(line.laddr.port == port and line.status == psutil.CONN_ESTABLISHED for line in lines)


def _gauges(server: RealServer) -> dict[int, dict[str, Any]]:
    """Ask until each worker has answered."""
    found: dict[int, dict[str, Any]] = {}

    def ask() -> bool:
        gauges = requests.get(server.url + "/torture/gauges", timeout=20).json()
        found[gauges["pid"]] = gauges
        return len(found) == len(server.ready_workers)

    until(ask, SETTLE_S, "each worker told its gauges")
    return found


def _connections(server: RealServer) -> int:
    url = server.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        return 0
    with psycopg.connect(libpq(url)) as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        row = connection.execute(count).fetchone()
    return int(row[0]) if row else 0


def _compare(tally: Tally, name: str, before: dict[int, int], after: dict[int, int]) -> None:
    for key in before.keys() & after.keys():
        tally.worst(f"{name} more than before", max(0, after[key] - before[key]))
        tally.must(after[key] <= before[key] + BACK, f"{name}: {before[key]} before, {after[key]} after")


def _slope(samples: list[tuple[float, float]]) -> float:
    """Draw the line through the samples; bytes a second."""
    times, sizes = zip(*samples, strict=True)
    return statistics.linear_regression(times, sizes).slope


def _row(name: str, database: str, ci: int, long: int) -> Row:
    return Row(
        name,
        f"soak of so many minutes: {CONVERSATIONS} conversations, disconnects, stops, shares, {database}",
        f"memory flat, 0 stuck; files, greenlets, connections back ± {BACK}",
        ci=ci,
        long=long,
        torture=partial(torture, database),
    )


ROWS = [_row("soak", "postgresql+redis", 2, 120)]
