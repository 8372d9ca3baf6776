"""kill -9 of the master and all workers, and a new start: what was live goes on by itself."""

import time
from functools import partial

from tests.server import RealServer
from torture.answers import ask_and_read, check, wait_for_ends
from torture.deaths import BATCHES, FLUSH_MS, STORED_MS, Death, check_takeover
from torture.ground import Ground, until
from torture.row import Row
from torture.tally import Tally

STREAMS = 6
ORPHANS_S = 2.0  # after the boot


def torture(database: str, ground: Ground, tally: Tally, runs: int) -> None:
    server = ground.server(2, **ground.addresses(database))
    for _ in range(runs):
        server.wait_for_workers()
        _kill_once(ground, server, tally)


def _kill_once(ground: Ground, server: RealServer, tally: Tally) -> None:
    ground.provider.forget()
    answers = ask_and_read(ground, ground.person(server), STREAMS, chunk_by=ground.chance.choice(BATCHES))
    database = ground.database(server)
    until(lambda: len(database.live()) == STREAMS, 5, "all answers have begun")
    ground.sleep(0.1, 1.5)
    for answer in answers:
        answer.acknowledge()
    killed_at = time.time()
    server.kill()
    held = {one.stream_id for one in database.live()}
    server.start()
    booted_at = time.time()
    tally.add("kills")
    until(lambda: not database.orphans(), 20, "no orphan is left")
    took = time.time() - booted_at
    tally.worst("worst orphan ms after the boot", took * 1000)
    tally.must(took <= ORPHANS_S, f"an orphan for {took:.1f} s after the boot")
    wait_for_ends(answers, tally)
    for answer in answers:
        if answer.stream_id in held:
            check_takeover(ground, answer, tally, Death(killed_at, STORED_MS, ORPHANS_S, booted_at))
        check(answer, tally, ground.provider.requests_for(answer.model), ["done"])


def _row(name: str, database: str) -> Row:
    return Row(
        name,
        f"master and all workers killed, started again, {STREAMS} live streams, on {database}",
        f"no orphan {ORPHANS_S:g} s after the boot; tail lost ≤ {FLUSH_MS} ms and a commit",
        ci=5,
        long=20,
        torture=partial(torture, database),
    )


ROWS = [_row("kill-all-sqlite", "sqlite"), _row("kill-all-postgresql", "postgresql")]
