"""Redis restarts, forgets all, is away or hangs: readers on another instance read the store meanwhile."""

import signal
import statistics
import time
from collections.abc import Callable
from functools import partial

from tests.person import Person
from tests.services import Redis
from torture.answers import Answer, ask, check, wait_for_ends
from torture.deaths import STORED_MS
from torture.ground import Ground
from torture.outage import lags
from torture.row import Row
from torture.tally import Tally

STREAMS = 6
PACE = 100.0
TOKENS = 800  # eight seconds: before, during and after
AWAY_S = 2.0
FALL_BACK_S = 1.0  # until the store is read instead
RETURN_S = 2.0  # until Redis is used again
TOKEN_MS = 150.0  # at which a reader on another instance keeps the pace of tokens
LATEST_S = FALL_BACK_S + STORED_MS / 1000


def torture(ground: Ground, tally: Tally, runs: int) -> None:
    redis = ground.stack.enter_context(Redis())
    addresses = ground.addresses("postgresql") | {"REDIS_URL": redis.url}
    here, elsewhere = ground.server(1, **addresses), ground.server(1, **addresses)
    driving = ground.person(here)
    reading = Person(elsewhere.url, driving.token, driving.person)
    kinds = [restart, flush, be_absent, hang]
    ground.chance.shuffle(kinds)
    for number in range(runs):
        ground.provider.forget()
        answers = [_ask(ground, driving, reading) for _ in range(STREAMS)]
        ground.sleep(2.0, 3.0)
        for answer in answers:
            answer.acknowledge()
        fault = kinds[number % len(kinds)]
        began = time.time()
        fault(redis, ground)
        over = time.time()
        wait_for_ends(answers, tally)
        for answer in answers:
            asked = ground.provider.requests_for(answer.model)
            check(answer, tally, asked, ["done"])
            _check_paces(answer, tally, fault.__name__, (began, over, asked[0].sent[-1]))
            tally.must(len(asked) == 1, f"{answer.stream_id}: taken from who was writing it")
        tally.add(fault.__name__)


def _ask(ground: Ground, driving: Person, reading: Person) -> Answer:
    """Ask at one instance; on the other one somebody follows token by token, and a viewer."""
    answer = ask(ground, driving, tokens=TOKENS, pace=PACE)
    answer.read(drives=True)
    answer.person = reading
    answer.read(pace="delta")
    answer.read()
    answer.person = driving
    return answer


def restart(redis: Redis, ground: Ground) -> None:
    redis.restart(signal.SIGKILL)


def flush(redis: Redis, ground: Ground) -> None:
    redis.flush()


def be_absent(redis: Redis, ground: Ground) -> None:
    redis.stop(signal.SIGKILL)
    ground.sleep(AWAY_S, AWAY_S)
    redis.start()


def hang(redis: Redis, ground: Ground) -> None:
    redis.pause()
    ground.sleep(AWAY_S, AWAY_S)
    redis.resume()


def _check_paces(answer: Answer, tally: Tally, fault: str, times: tuple[float, float, float]) -> None:
    """Compare who follows token by token elsewhere with the driver: before, during and after."""
    driver, reader, _ = answer.readers
    (began, over, ended), name = times, f"{answer.stream_id}, {fault}"
    behind: Callable[..., list[float]] = partial(lags, reader, driver)
    before, after = behind(began - 1, began - 0.1), behind(over + RETURN_S, ended - 0.1)
    for when, found in (("before", before), ("after", after)):
        median = statistics.median(found) * 1000 if found else float("inf")
        tally.worst(f"median lag ms {when}", median)
        tally.must(median <= TOKEN_MS, f"{name}: {when} it, a reader elsewhere is {median:.0f} ms behind")
    worst = max(behind(began, over + RETURN_S), default=0.0)
    tally.worst("worst lag ms", worst * 1000)
    tally.must(worst <= LATEST_S, f"{name}: a reader elsewhere was {worst:.1f} s behind")
    for one in answer.readers:
        tally.must(one.lines == 1, f"{name}: a line was cut")


ROWS = [
    Row(
        "redis-faults",
        f"Redis restarted, flushed, absent, hung, {STREAMS} live streams read on another instance",
        f"0 lost or doubled; the store is read ≤ {FALL_BACK_S:g} s later; then token by token again",
        ci=5,
        long=20,
        torture=torture,
    )
]
