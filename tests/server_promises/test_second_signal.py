"""Whoever does not want to wait: Ctrl-C ends the time of grace, and a second one ends everything at once."""

import signal
import sqlite3
from contextlib import closing, suppress

import psutil
import requests

from tests.conftest import ServerFactory
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.server import RealServer, wait_for_end
from tests.server_promises.waiting import until
from tests.upstream import Upstream

FOR_EVER_S = "1000"
LONGEST_DRAIN_S = "25"
MODEL = "steady;tokens=80;pace=1000"
HELD = 200  # characters that the provider says


def test_ctrl_c_ends_the_time_of_grace_and_what_came_is_kept(
    server_factory: ServerFactory, upstream: Upstream
) -> None:
    server = server_factory(OPENAI_BASE_URL=upstream.url, CHAT_GRACE_S=FOR_EVER_S, CHAT_ON_INTERRUPT="mark")
    person, stream_id = in_mid_answer(server, upstream)
    family = told_to_leave(server, signal.SIGTERM)
    tell(family, signal.SIGINT)
    wait_for_end(family)
    server.stop()
    upstream.let_go(MODEL)
    server.start()
    until(lambda: person.state(stream_id)["status"] == "interrupted")
    assert person.state(stream_id)["next_offset"] >= HELD


def test_a_second_ctrl_c_waits_for_nothing(server_factory: ServerFactory, upstream: Upstream) -> None:
    server = server_factory(
        OPENAI_BASE_URL=upstream.url, CHAT_DRAIN_S=LONGEST_DRAIN_S, CHAT_ON_INTERRUPT="mark"
    )
    in_mid_answer(server, upstream)
    file = server.folder / "headwater.sqlite3"
    with closing(sqlite3.connect(file, timeout=PATIENCE_S, isolation_level=None)) as slow_disk:
        slow_disk.execute("BEGIN IMMEDIATE")  # nothing can be stored any more
        family = told_to_leave(server, signal.SIGINT)
        tell(family, signal.SIGINT)
        wait_for_end(family)
    assert "exited with code 130" in server.logs
    assert "Not all answers could be stored" not in server.logs


def in_mid_answer(server: RealServer, upstream: Upstream) -> tuple[Person, str]:
    """Ask, and wait until all that the provider says for now is stored."""
    upstream.hold(HELD, MODEL)
    person = Person.sign_in(server.url)
    stream_id = person.ask(model=MODEL).stream_id
    person.drive(stream_id).close()
    until(lambda: person.state(stream_id)["next_offset"] >= HELD)
    return person, stream_id


def told_to_leave(server: RealServer, told: signal.Signals) -> list[psutil.Process]:
    """Tell all its processes, as a terminal does, and wait until they begin to leave, which they do."""
    family = [*server.workers, psutil.Process(server.pid)]
    tell(family, told)
    until(lambda: not listens(server))
    assert all(process.is_running() for process in family)
    return family


def tell(family: list[psutil.Process], told: signal.Signals) -> None:
    """Send a signal to all of them at once, as far as we can: who came first may take the next one along."""
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(told)


def listens(server: RealServer) -> bool:
    try:
        return requests.get(server.url + "/readyz", timeout=PATIENCE_S).ok
    except requests.ConnectionError:
        return False
