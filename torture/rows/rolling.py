"""Rolling restarts: instance after instance leaves in order under traffic, and nobody notices."""

import os
import signal
from collections.abc import Callable
from functools import partial
from itertools import count

import gevent
import gevent.pool
import requests

from tests.person import Person
from tests.proxy import Proxy
from tests.server import RealServer
from torture.answers import Answer, ask, check, wait_for_ends
from torture.ground import Ground, until
from torture.row import Row
from torture.tally import Tally

EVERY_S = 0.25  # a new question
TOKENS, PACE = 200, 100.0  # two seconds: some end within the time of grace, some are handed over
MOST_LIVE = 12  # answers: a slow machine is asked less often
GRACE_S = 1.0
LEAVE_S = 10.0
REFUSED = "an outside client would have to try again"  # what the proxy cannot mend by taking another upstream


class Traffic:
    """Questions at a steady pace through the proxy; half of them have a driver, all of them a viewer."""

    def __init__(self, ground: Ground, url: str, tally: Tally) -> None:
        self.answers: list[Answer] = []
        self._ground = ground
        self._person = Person.sign_in(url, "Ada")
        self._tally = tally
        self._asking = gevent.pool.Pool(MOST_LIVE)
        self._over = False
        self._round = gevent.spawn(self._run)

    def end(self) -> None:
        """Ask no more, and wait until all that was asked has been answered."""
        self._over = True
        self._round.join()
        wait_for_ends(self.answers, self._tally)
        self._asking.join()

    def _run(self) -> None:
        for number in count():
            if self._over:
                return
            self._asking.spawn(self._ask, number)
            gevent.sleep(EVERY_S)

    def _ask(self, number: int) -> None:
        self._tally.add("questions")
        try:
            answer = ask(self._ground, self._person, tokens=TOKENS, pace=PACE)
        except (AssertionError, requests.RequestException) as error:
            self._tally.must(False, f"a question was not taken: {type(error).__name__}: {error}")
            return
        if number % 2:
            answer.read(drives=True)
        viewer = answer.read()
        self.answers.append(answer)
        viewer.greenlet.join()


def torture(database: str, ground: Ground, tally: Tally, runs: int) -> None:
    addresses = {"DATABASE_URL": f"sqlite:///{ground.folder / 'one.sqlite3'}"} | ground.addresses(database)
    start = partial(ground.server, 2, CHAT_GRACE_S=f"{GRACE_S:g}", **addresses)
    instances = [start(), start()]
    with Proxy(*(one.port for one in instances)) as proxy:
        for _ in range(runs):
            _under_traffic(ground, proxy, tally, partial(_roll, instances, start, proxy, tally))


def reload(ground: Ground, tally: Tally, runs: int) -> None:
    """The same within one instance: the master replaces its workers (SIGHUP)."""
    server = ground.server(2, CHAT_GRACE_S=f"{GRACE_S:g}")
    with Proxy(server.port) as proxy:
        for _ in range(runs):
            _under_traffic(ground, proxy, tally, partial(_replace_workers, server, tally))


def _under_traffic(ground: Ground, proxy: Proxy, tally: Tally, roll: Callable[[], None]) -> None:
    ground.provider.forget()
    traffic = Traffic(ground, proxy.url, tally)
    try:
        until(lambda: len(traffic.answers) >= 4, 10, "questions are answered")
        ground.sleep(0, 1)
        roll()
    finally:
        traffic.end()
    for answer in traffic.answers:
        _check(ground, answer, tally)
    tally.must(proxy.refused == 0, f"{proxy.refused} connections found nobody")


def _roll(instances: list[RealServer], start: Callable[[], RealServer], proxy: Proxy, tally: Tally) -> None:
    """Replace each instance: the new one is ready before the old one is told to go."""
    for number, old in enumerate(list(instances)):
        instances[number] = start()
        proxy.upstreams.append(instances[number].port)
        took = old.stop(LEAVE_S)
        proxy.upstreams.remove(old.port)
        tally.add("SIGTERMs")
        tally.worst("longest leaving ms", took * 1000)
        tally.must(took < LEAVE_S, "an instance had to be killed")


def _replace_workers(server: RealServer, tally: Tally) -> None:
    old = {one.pid for one in server.ready_workers}
    os.kill(server.pid, signal.SIGHUP)
    tally.add("SIGHUPs")
    until(
        lambda: len(server.ready_workers) == 2 and not old & {one.pid for one in server.workers},
        20,
        "two new workers, and the old ones gone",
    )


def _check(ground: Ground, answer: Answer, tally: Tally) -> None:
    asked = ground.provider.requests_for(answer.model)
    check(answer, tally, asked, ["done"])
    tally.add("handed over", len(asked) - 1)
    for reader in answer.readers:
        name = f"a reader of {answer.stream_id}"
        tally.must(not reader.rewinds, f"{name} was shown text that was lost")
        tally.must(not reader.statuses, f"{name} was answered by {dict(reader.statuses)}: {REFUSED}")
        tally.add("lines", reader.lines)


def _row(name: str, how: str, run: Callable[[Ground, Tally, int], None], ci: int) -> Row:
    must = "0 characters lost, 0 refused, 0 5xx; every answer done and whole"
    return Row(name, f"{how}, half of the streams without a driver", must, ci, 20, run)


ROWS = [
    _row("rolling-sqlite", "SIGTERM rolling, two instances on one file", partial(torture, "sqlite"), 2),
    _row("rolling-postgresql", "SIGTERM rolling, on postgresql", partial(torture, "postgresql"), 1),
    _row("rolling-redis", "SIGTERM rolling, on postgresql+redis", partial(torture, "postgresql+redis"), 2),
    _row("rolling-reload", "SIGHUP of a master with two workers", reload, 1),
]
