"""kill -9 of the worker that holds answers, at random moments, while drivers and viewers read them."""

import os
import signal
import time
from functools import partial

from tests.server import RealServer
from torture.answers import ask_and_read, check, wait_for_ends
from torture.deaths import BATCHES, FLUSH_MS, REDIS_MS, STORED_MS, Death, check_takeover
from torture.ground import Ground, until
from torture.row import Row
from torture.tally import Tally

STREAMS = 6
BEGUN_S = 60.0  # no promise: until what is done to them can be done
BY_ANOTHER_S, BY_REPLACEMENT_S = 2.0, 5.0


def torture(database: str, workers: int, ground: Ground, tally: Tally, runs: int) -> None:
    server = ground.server(workers, **ground.addresses(database))
    tail_ms = REDIS_MS if database.endswith("+redis") else STORED_MS
    kills = 0
    while kills < runs:
        server.wait_for_workers()
        kills += _kill_once(ground, server, tally, tail_ms, BY_ANOTHER_S if workers > 1 else BY_REPLACEMENT_S)


def _kill_once(ground: Ground, server: RealServer, tally: Tally, tail_ms: float, takeover_s: float) -> bool:
    """Say whether anybody was killed: answers that a slow machine let end before were in nobody's hands."""
    ground.provider.forget()
    answers = ask_and_read(ground, ground.person(server), STREAMS, chunk_by=ground.chance.choice(BATCHES))
    database = ground.database(server)
    until(lambda: len(database.live()) == STREAMS, BEGUN_S, "all answers have begun")
    ground.sleep(0.1, 1.5)
    for answer in answers:
        answer.acknowledge()
    held = {one.stream_id: one.pid for one in database.live()}
    victims = sorted(pid for pid in held.values() if pid)
    if not victims:
        wait_for_ends(answers, tally)
        return False
    victim = ground.chance.choice(victims)
    killed_at = time.time()
    os.kill(victim, signal.SIGKILL)
    tally.add("kills")
    wait_for_ends(answers, tally)
    for answer in answers:
        if held.get(answer.stream_id) == victim:
            check_takeover(ground, answer, tally, Death(killed_at, tail_ms, takeover_s, killed_at))
        check(answer, tally, ground.provider.requests_for(answer.model), ["done"])
    return True


def _row(name: str, database: str, tail: str, workers: int = 2, ci: int = 10, long: int = 200) -> Row:
    takeover_s = BY_ANOTHER_S if workers > 1 else BY_REPLACEMENT_S
    who = "one of two workers" if workers > 1 else "the only worker"
    return Row(
        name,
        f"kill -9 of {who} at random moments, {STREAMS} live streams, on {database}",
        f"0 acknowledged bytes lost, 0 doubled; tail lost ≤ {tail}; taken over ≤ {takeover_s:g} s",
        ci=ci,
        long=long,
        torture=partial(torture, database, workers),
    )


ROWS = [
    _row("kill-worker-sqlite", "sqlite", f"{FLUSH_MS} ms and a commit"),
    _row("kill-worker-postgresql", "postgresql", f"{FLUSH_MS} ms and a commit"),
    _row("kill-worker-redis", "postgresql+redis", f"{REDIS_MS} ms"),
    _row("kill-only-worker", "sqlite", f"{FLUSH_MS} ms and a commit", workers=1, ci=3, long=20),
]
