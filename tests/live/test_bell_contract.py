"""Every bell: what is rung is heard here at once and elsewhere soon, whatever it travels over."""

import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from structlog.testing import capture_logs

from chat.live.bell import Bell, Ear
from chat.live.relayed import open_bell
from tests.live.neighbours import Carrier, OneProcess, OverFile, OverServer, running, until
from tests.patience import PATIENCE_S
from tests.services import Postgres, Redis

SOON = PATIENCE_S  # what is promised is measured in the benches
CROSSING = ["postgresql", "redis", "file"]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture(params=["local", *CROSSING])
def carrier(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Carrier]:
    made: Carrier
    match request.param:
        case "postgresql":
            server = request.getfixturevalue("postgres")
            made = OverServer(server, f"postgresql+psycopg{server.address[10:]}/postgres", None)
        case "redis":
            made = OverServer(
                request.getfixturevalue("redis"), "sqlite:///unused", request.getfixturevalue("redis").url
            )
        case "file":
            made = OverFile(tmp_path)
        case _:
            made = OneProcess()
    yield made
    made.close()


over_a_line = pytest.mark.parametrize("carrier", CROSSING, indirect=True)


@pytest.fixture
def bells(carrier: Carrier) -> Iterator[tuple[Bell, Bell]]:
    """The bells of two processes; of one, where rings stay inside."""
    here = carrier.open("here")
    there = carrier.open("there") if carrier.crosses else here
    with running(*{here, there}):
        gevent.sleep(0.01)
        yield here, there


def heard(ear: Ear, count: int = 1, seconds: float = SOON) -> set[str]:
    """Gather rings until there are so many topics."""
    topics: set[str] = set()
    until_then = time.monotonic() + seconds
    while len(topics) < count and time.monotonic() < until_then:
        topics |= ear.wait(0.05)
    return topics


def test_what_is_rung_is_heard_here_at_once_and_elsewhere_soon(bells: tuple[Bell, Bell]):
    here, there = bells
    with here.listen("a", "b") as near, there.listen("a") as far, there.listen("c") as other:
        for ear in (near, far, other):
            ear.take()
        here.ring(["a", "b"])
        assert near.take() == {"a", "b"}, "at once: nothing ran in between"
        assert heard(far) == {"a"}
        assert other.take() == set()


def test_own_rings_come_once(bells: tuple[Bell, Bell]):
    here, there = bells
    with here.listen("a", "b") as near, there.listen("a") as far:
        here.ring(["a"])
        assert heard(far) == {"a"}
        assert near.take() == {"a"}
        there.ring(["b"])
        assert heard(near) == {"b"}, "what came back would have come before it"


def test_both_ways_at_the_same_time(bells: tuple[Bell, Bell]):
    here, there = bells
    with here.listen("to here") as near, there.listen("to there") as far:
        here.ring(["to there"])
        there.ring(["to here"])
        assert heard(near) == {"to here"}
        assert heard(far) == {"to there"}


def test_who_listens_first_misses_nothing(bells: tuple[Bell, Bell]):
    """A ring that came before the wait, in any order with others, is found by it."""
    here, there = bells
    for number in range(50):
        topic = f"t{number}"
        with there.listen(topic) as far:
            here.ring([topic])
            assert heard(far) == {topic}


def test_what_is_rung_here_stays_here(bells: tuple[Bell, Bell], carrier: Carrier):
    here, there = bells
    with here.listen("a") as near, there.listen("a", "b") as far:
        here.ring_here(["a"])
        assert near.take() == {"a"}
        if carrier.crosses:
            here.ring(["b"])
            assert heard(far) == {"b"}


@pytest.mark.parametrize(
    "topic",
    ["", " ", "two words", "line\nbreak", "%0A", '"quoted"', "[1]", "Ünï 🎈", "\\", "a" * 3000, "\u2028"],
    ids=repr,
)
def test_topics_may_hold_any_character(bells: tuple[Bell, Bell], topic: str):
    here, there = bells
    with there.listen(topic) as far:
        here.ring([topic])
        assert heard(far) == {topic}


def test_a_topic_that_no_message_holds_wakes_everyone(bells: tuple[Bell, Bell]):
    here, there = bells
    topic = "a" * 100_000
    with there.listen(topic) as far:
        here.ring([topic])
        assert heard(far)


def test_ten_thousand_topics_of_one_tick_arrive(bells: tuple[Bell, Bell]):
    here, there = bells
    topics = {f"stream:{number:032}" for number in range(10_000)}
    with there.listen(*topics) as far:
        here.ring(topics)
        assert heard(far, len(topics)) == topics


def test_nobody_waits_while_more_is_rung_than_can_be_sent(bells: tuple[Bell, Bell]):
    here, there = bells
    with there.listen("last") as far:
        begun = time.monotonic()
        for number in range(30_000):
            here.ring([f"stream:{number}"])
        here.ring(["last"])
        assert time.monotonic() - begun < 30
        assert heard(far), "one ring for all, or its own"


@over_a_line
def test_while_the_line_is_lost_who_waits_is_woken_and_again_when_it_is_back(
    bells: tuple[Bell, Bell], carrier: Carrier
):
    here, there = bells
    with there.listen("a") as far, capture_logs() as logs:
        carrier.cut()
        try:
            until(lambda: here.deaf and there.deaf)
            for _ in range(2):
                far.take()
                assert far.wait(SOON), "each half second"
            here.ring(["b"])  # neither waits nor raises
        finally:
            carrier.mend()
        until(lambda: not there.deaf and not here.deaf)
        assert heard(far), "once more: who knows what was missed"
        gevent.sleep(0.7)
        far.take()
        assert far.wait(0.7) == set(), "and no more than that"
        here.ring(["a"])
        assert heard(far) == {"a"}
    told = [line["event"] for line in logs if "carrier" in line]
    assert sorted(told) == sorted(
        2 * ["rings do not cross processes now: readers look twice a second", "rings cross processes again"]
    ), "each of the two says it once an outage"


@pytest.mark.impatient
@pytest.mark.parametrize("carrier", ["postgresql", "redis"], indirect=True)
def test_a_line_that_hangs_is_noticed(bells: tuple[Bell, Bell], carrier: Carrier):
    here, there = bells
    server = carrier._server
    with there.listen("a") as far:
        server.pause()
        try:
            until(lambda: there.deaf)
            far.take()
            assert far.wait(SOON)
            here.ring(["a"])
            assert not far.take()
        finally:
            server.resume()
        until(lambda: not there.deaf and not here.deaf)
        assert heard(far), "what was rung meanwhile, or everything"


def test_an_absent_server_delays_nobody_and_no_password_is_told():
    for database, redis_url in (
        ("postgresql+psycopg://me:S3%23cret@127.0.0.1:1/none", None),
        ("sqlite:///unused", "redis://:S3%23cret@127.0.0.1:1/0"),
    ):
        bell = open_bell(database, redis_url)
        with capture_logs() as logs:
            rounds = [gevent.spawn(run) for _, run in bell.rounds]
            with bell.listen("a") as ear:
                bell.ring(["a"])
                assert ear.take() == {"a"}
                until(lambda logs=logs: logs)
                ear.take()
                assert ear.wait(SOON), "who waits looks for himself"
            assert bell.deaf
            bell.close()
            gevent.joinall(rounds, timeout=SOON, raise_error=True)
        assert len([line for line in logs if "carrier" in line]) == 1
        assert "S3" not in repr(logs)
