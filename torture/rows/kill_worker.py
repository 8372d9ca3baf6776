"""kill -9 of the worker that holds answers, at random moments, while drivers and viewers read them."""

import os
import signal
import time
from functools import partial

from tests.server import RealServer
from torture.answers import Answer, ask_and_read, check, wait_for_ends
from torture.ground import Ground, until
from torture.row import Row
from torture.tally import Tally

STREAMS, WORKERS = 6, 2
FLUSH_MS, COMMIT_MS = 500, 100  # until a flush is due; a tick and a commit on a machine that is busy
REDIS_MS = 50
BATCHES = ("word", "sentence", "paragraph", 4096)  # the last two leave nearly all to the flush
TAKEN_OVER_S = 2.0


def torture(database: str, ground: Ground, tally: Tally, runs: int) -> None:
    server = ground.server(WORKERS, **ground.addresses(database))
    tail_ms = REDIS_MS if database.endswith("+redis") else FLUSH_MS + COMMIT_MS
    for _ in range(runs):
        server.wait_for_workers()
        _kill_once(ground, server, tally, tail_ms)


def _kill_once(ground: Ground, server: RealServer, tally: Tally, tail_ms: float) -> None:
    ground.provider.forget()
    answers = ask_and_read(ground, ground.person(server), STREAMS, chunk_by=ground.chance.choice(BATCHES))
    database = ground.database(server)
    until(lambda: len(database.live()) == STREAMS, 5, "all answers have begun")
    ground.sleep(0.1, 2.5)
    for answer in answers:
        answer.acknowledge()
    held = {one.stream_id: one.pid for one in database.live()}
    victim = ground.chance.choice(sorted(pid for pid in held.values() if pid))
    killed_at = time.time()
    os.kill(victim, signal.SIGKILL)
    tally.add("kills")
    wait_for_ends(answers, tally)
    for answer in answers:
        if held.get(answer.stream_id) == victim:
            _check_takeover(ground, answer, tally, killed_at, tail_ms)
        check(answer, tally, ground.provider.requests_for(answer.model), ["done"])


def _check_takeover(
    ground: Ground, answer: Answer, tally: Tally, killed_at: float, tail_allowed_ms: float
) -> None:
    """Compare what the provider had sent when the worker died with what was gone on from."""
    first, *others = ground.provider.requests_for(answer.model)
    if not others:
        whole = first.characters_sent(killed_at) == len(answer.whole)
        tally.must(whole, f"{answer.stream_id}: cut, and never asked for again")
        return  # its end was stored, or was to be: `check` knows
    second = others[0]
    tally.add("takeovers")
    tally.must(len(others) == 1, f"{answer.stream_id}: asked for {len(others)} times more")
    took = second.at - killed_at
    tally.worst("worst takeover ms", took * 1000)
    tally.must(took <= TAKEN_OVER_S, f"{answer.stream_id}: taken over after {took:.1f} s")
    sent = first.characters_sent(killed_at)
    beyond = first.sent_beyond(len(second.kept)) or killed_at
    tail = max(0.0, killed_at - beyond) * 1000
    tally.worst("worst tail ms", tail)
    tally.worst("worst tail characters", max(0, sent - len(second.kept)))
    tally.must(tail <= tail_allowed_ms, f"{answer.stream_id}: {tail:.0f} ms of text were lost")


def _row(name: str, database: str, tail: str) -> Row:
    return Row(
        name,
        f"kill -9 of a worker at random moments, {STREAMS} live streams, on {database}",
        f"0 acknowledged bytes lost, 0 doubled; tail lost ≤ {tail}; taken over ≤ {TAKEN_OVER_S:g} s",
        ci=10,
        long=200,
        torture=partial(torture, database),
    )


ROWS = [
    _row("kill-worker-sqlite", "sqlite", f"{FLUSH_MS} ms and a commit"),
    _row("kill-worker-postgresql", "postgresql", f"{FLUSH_MS} ms and a commit"),
    _row("kill-worker-redis", "postgresql+redis", f"{REDIS_MS} ms"),
]
