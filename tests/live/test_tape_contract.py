"""Every tape: what was appended is read from any offset, whole characters, whatever becomes of Redis."""

import random
import time
from collections.abc import Iterator

import gevent
import pytest
import redis as client
from structlog.testing import capture_logs

from chat.core.frames import End
from chat.core.lifecycle import Status
from chat.live.bell import LocalBell
from chat.live.relayed import RelayedBell, open_bell
from chat.live.shared_tape import NoSharedTapes, open_shared_tapes
from chat.live.tape import Tape, Tapes
from chat.live.tape_redis import RedisTapes
from tests.live.neighbours import running, until
from tests.patience import PATIENCE_S
from tests.services import Redis

AWAY_S = 10.0  # a hundred that waited for an answer would take longer
PIECES = ["Ünï ", "🎈🎈", "häßlich", "日本語。", "e\u0301", "plain ", "\n\n"]


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


class Process:
    """One process: its tapes, and what it knows of those of others."""

    def __init__(self, url: str) -> None:
        self.bell = open_bell("sqlite:///unused", url)
        assert isinstance(self.bell, RelayedBell)
        self.bell.relay.health_s = 0.25
        self.tapes = Tapes()
        shared = open_shared_tapes(url, self.tapes, self.bell)
        assert isinstance(shared, RedisTapes)
        self.shared = shared

    def tape(self, stream_id: str, epoch: int = 1, text: bytes = b"") -> Tape:
        made = Tape(stream_id, epoch, (0,) * epoch, text)
        self.tapes.add(made)
        return made


@pytest.fixture
def processes(redis: Redis) -> Iterator[tuple[Process, Process]]:
    redis.resume()
    if redis.process is None:
        redis.start()
    redis.flush()
    owner, reader = Process(redis.url), Process(redis.url)
    with running(owner.bell, reader.bell):
        rounds = [gevent.spawn(run) for one in (owner, reader) for _, run in one.shared.rounds]
        yield owner, reader
        redis.resume()
        if redis.process is None:
            redis.start()
        until(lambda: not owner.shared.away and not reader.shared.away)
        gevent.killall(rounds)


def whole(process: Process, tape: Tape) -> bytes | None:
    return process.shared.read(tape.stream_id, tape.epoch, 0)


def write(tape: Tape, count: int = 40, pause_s: float = 0.003) -> None:
    for _ in range(count):
        tape.append(random.choice(PIECES))
        gevent.sleep(pause_s)


def keys(redis: Redis) -> list[bytes]:
    with client.Redis(port=redis.port) as line:
        return line.keys("headwater:tape:*")


def test_what_one_process_appends_another_reads_in_whole_characters(processes: tuple[Process, Process]):
    owner, reader = processes
    tape = owner.tape("s1")
    writing = gevent.spawn(write, tape, 100)
    read = b""
    while not writing.dead or len(read) < len(tape.data):
        piece = reader.shared.read("s1", 1, len(read))
        assert piece is not None
        piece.decode()
        read += piece
        assert bytes(tape.data).startswith(read)
        gevent.sleep(0.004)
    assert read == bytes(tape.data)


def test_it_is_read_from_every_offset(processes: tuple[Process, Process]):
    owner, reader = processes
    tape = owner.tape("s1", text="".join(PIECES).encode())
    until(lambda: whole(reader, tape) == tape.data)
    for offset in range(len(tape.data) + 1):
        inside = offset < len(tape.data) and tape.data[offset] & 0xC0 == 0x80
        expected = None if inside else bytes(tape.data[offset:])
        assert reader.shared.read("s1", 1, offset) == expected
    assert reader.shared.read("s1", 1, len(tape.data) + 100) == b""


def test_each_slice_rings_in_the_other_processes_once_it_can_be_read(processes: tuple[Process, Process]):
    owner, reader = processes
    tape = owner.tape("s1")
    with reader.bell.listen("tape:s1") as far, owner.bell.listen("tape:s1") as near:
        for number in range(10):
            far.take()
            tape.append(f"{number} ")
            assert far.wait(PATIENCE_S) == {"tape:s1"}
            assert whole(reader, tape) == tape.data
        assert near.take() == set(), "who writes it rings at home by himself"


def test_a_slice_is_elsewhere_within_a_moment(processes: tuple[Process, Process]):
    owner, reader = processes
    tape = owner.tape("s1")
    took = []
    with reader.bell.listen("tape:s1") as far:
        for _ in range(9):
            gevent.sleep(random.uniform(0, 0.03))
            far.take()
            tape.append("word ")
            begun = time.monotonic()
            assert far.wait(PATIENCE_S)
            took.append(time.monotonic() - begun)
    assert sorted(took)[4] < 2, took  # a reader looks by itself after 15 s


def test_many_tapes_go_in_one_round(processes: tuple[Process, Process]):
    owner, reader = processes
    tapes = [owner.tape(f"s{number}") for number in range(100)]
    gevent.joinall([gevent.spawn(write, tape, 20) for tape in tapes])
    for tape in tapes:
        until(lambda tape=tape: whole(reader, tape) == tape.data)


def test_epochs_do_not_mix(processes: tuple[Process, Process]):
    owner, heir = processes
    new = heir.tape("s1", 2, b"stored")
    new.append(", and found")
    until(lambda: whole(owner, new) == new.data)
    old = owner.tape("s1", 1, b"stored, and lost")  # a zombie: nobody reads its epoch any more
    until(lambda: whole(owner, new) == b"stored, and found" and whole(heir, old) == b"stored, and lost")
    owner.shared.drop("s1", 1)
    assert whole(heir, old) == b""
    assert whole(heir, new) == b"stored, and found"


def test_a_new_epoch_clears_away_the_one_before(processes: tuple[Process, Process], redis: Redis):
    owner, heir = processes
    old = owner.tape("s1", 1, b"stored, and lost")
    until(lambda: whole(heir, old) == old.data)
    old.lost = True
    owner.tapes.drop(old)
    heir.tape("s1", 2, b"stored, and lost, and on")
    until(lambda: keys(redis) == [b"headwater:tape:s1:2"])


def test_after_its_end_nothing_is_left(processes: tuple[Process, Process], redis: Redis):
    owner, reader = processes
    tape = owner.tape("s1", text=b"all of it")
    until(lambda: whole(reader, tape) == tape.data)
    tape.end = End(Status.DONE, len(tape.data), 1)
    owner.tapes.drop(tape)
    until(lambda: not keys(redis))
    until(lambda: not owner.tapes.changed.is_set())  # the publisher sleeps


def test_what_was_lost_is_left_for_who_takes_over(processes: tuple[Process, Process], redis: Redis):
    owner, heir = processes
    tape = owner.tape("s1", text="stored. 🎈 not stored".encode())
    until(lambda: whole(heir, tape) == tape.data)
    tape.lost = True
    owner.tapes.drop(tape)
    until(lambda: not owner.tapes.changed.is_set())  # the publisher has seen it, and sleeps
    assert heir.shared.salvage("s1", 1, 8) == "🎈 not stored".encode()
    assert heir.shared.salvage("s1", 1, 9) == b"", "inside a character: not the text that is stored"
    assert heir.shared.salvage("s1", 2, 0) == b""
    with client.Redis(port=redis.port) as line:
        assert 800 < line.ttl("headwater:tape:s1:1") <= 900
    heir.shared.drop("s1", 1)
    assert not keys(redis)


@pytest.mark.parametrize("fault", ["flush", "restart", "cut lines"])
def test_redis_may_forget_or_restart_at_any_time(
    processes: tuple[Process, Process], redis: Redis, fault: str
):
    """The reader may get nothing for a while; it never gets a byte that is not the tape's at that place."""
    owner, reader = processes
    tape = owner.tape("s1")
    writing = gevent.spawn(write, tape, 400, 0.004)
    over = gevent.spawn(break_redis, redis, fault, 3)
    read = b""
    with gevent.Timeout(PATIENCE_S):
        while not (writing.dead and over.dead and len(read) == len(tape.data)):
            piece = reader.shared.read("s1", 1, len(read))
            read += piece or b""
            assert bytes(tape.data).startswith(read)
            gevent.sleep(0.005)
    assert read == bytes(tape.data)


def break_redis(redis: Redis, fault: str, times: int) -> None:
    for _ in range(times):
        gevent.sleep(0.2)
        match fault:
            case "flush":
                redis.flush()
            case "restart":
                redis.kill()
                gevent.sleep(0.1)
                redis.start()
            case "cut lines":
                with client.Redis(port=redis.port) as line:
                    line.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def test_a_send_whose_reply_was_lost_is_sent_again_without_harm(
    processes: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
):
    owner, reader = processes
    tape = owner.tape("s1", text="bëgun ".encode())
    until(lambda: whole(reader, tape) == tape.data)
    make = owner.shared._writing.pipeline
    lost = 3

    def pipeline(**options: bool) -> object:
        made = make(**options)
        execute = made.execute

        def deaf() -> list[object]:
            nonlocal lost
            answers = execute()
            if lost > 0:
                lost -= 1
                raise client.TimeoutError("no reply")
            return answers

        made.execute = deaf
        return made

    monkeypatch.setattr(owner.shared, "_writing", type("Deaf", (), {"pipeline": staticmethod(pipeline)}))
    for _ in range(3):
        tape.append("ünd ")
        until(lambda: whole(reader, tape) == tape.data)
    tape.append("weiter")
    until(lambda: whole(reader, tape) == tape.data)
    assert lost <= 1


@pytest.mark.impatient
@pytest.mark.parametrize("how", ["absent", "hung"])
def test_while_redis_is_away_nobody_waits(processes: tuple[Process, Process], redis: Redis, how: str):
    owner, reader = processes
    tape = owner.tape("s1", text=b"begun. ")
    until(lambda: whole(reader, tape) == tape.data)
    with capture_logs() as logs:
        redis.kill() if how == "absent" else redis.pause()
        begun = time.monotonic()
        assert reader.shared.salvage("s1", 1, 0) == b""
        assert time.monotonic() - begun < AWAY_S, "the first one to ask finds out"
        begun = time.monotonic()
        for _ in range(100):
            assert reader.shared.read("s1", 1, 0) is None
            tape.append("more. ")
        assert time.monotonic() - begun < AWAY_S, "and the others do not wait"
        until(lambda: owner.shared.away)
        gevent.sleep(1.2)
        told = [line["event"].partition(":")[0] for line in logs if "tapes" in line["event"]]
        assert told == 2 * ["shared tapes are away"], "each process says it once"
        redis.start() if how == "absent" else redis.resume()
        until(lambda: not reader.shared.away and not owner.shared.away)
        until(lambda: whole(reader, tape) == tape.data)
        until(lambda: not reader.shared.away and not owner.shared.away)
    told = [line["event"].partition(":")[0] for line in logs if "tapes" in line["event"]]
    assert told.count("shared tapes are back") == told.count("shared tapes are away"), (
        "and once that it is back"
    )


def test_a_redis_that_takes_nothing_is_away(processes: tuple[Process, Process], redis: Redis):
    owner, reader = processes
    with client.Redis(port=redis.port) as line:
        line.config_set("maxmemory", 1)
        try:
            tape = owner.tape("s1", text=b"text")
            until(lambda: owner.shared.away)
            refused = line.info("errorstats")["errorstat_OOM"]["count"]
            until(lambda: line.info("errorstats")["errorstat_OOM"]["count"] > refused)  # it was looked for
            assert owner.shared.away, "though it answers a ping"
        finally:
            line.config_set("maxmemory", 0)
    until(lambda: whole(reader, tape) == tape.data)


def test_without_redis_every_tape_stays_in_its_process():
    shared = open_shared_tapes(None, Tapes(), LocalBell())
    assert isinstance(shared, NoSharedTapes)
    assert shared.read("s1", 1, 0) is None
    assert shared.salvage("s1", 1, 0) == b""
    assert not shared.away
