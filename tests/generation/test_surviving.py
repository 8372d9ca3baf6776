"""Takeover, hand-over and waking up too late: an answer goes on in another process, in one piece."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from gevent.event import Event

from chat.core.frames import End, Rewind
from chat.core.lifecycle import Status
from chat.generation.engine import CONTINUATIONS
from chat.generation.identity import Owner
from chat.generation.reaper import Reaper, Waits
from chat.store.streams import Batch
from tests.generation.test_engine import drip, wait_for
from tests.patience import PATIENCE_S
from tests.rig import BY_RING_ALONE, Rig, text_of

FIRST, SECOND = "first half, ", "second half."
ALIVE = str(Owner("another-host", "its-boot", 7, "1"))  # of another host only the lease can tell


def endless(text: str) -> Iterator[str]:
    yield text
    while True:
        gevent.sleep(0.01)
        yield ""


@pytest.fixture
def dead(tmp_path: Path) -> Rig:
    """A process that is not there any more; its owner's name tells nobody anything."""
    return Rig(tmp_path, owner="nobody-knows", continues=True)


@pytest.fixture
def heir(tmp_path: Path) -> Rig:
    return Rig(tmp_path, owner="heir", continues=True)


def left_behind(dead: Rig, text: str = FIRST) -> str:
    stream = dead.stream()
    assert dead.streams.claim(stream, {Status.PENDING})
    dead.streams.append([Batch(stream, 1, 0, text)])
    return stream


def test_what_a_dead_process_left_goes_on_in_the_next_epoch(dead: Rig, heir: Rig):
    stream = left_behind(dead)
    heir.sources[stream] = [SECOND]
    heir.engine.start()
    frames = heir.follow(stream)
    assert text_of(frames) == FIRST + SECOND
    assert (frames[-1].status, frames[-1].epoch) == (Status.DONE, 2)
    assert heir.streams.state(stream).bases == (0, len(FIRST))


def test_its_readers_see_no_end_in_between(dead: Rig, heir: Rig):
    stream = left_behind(dead)
    heir.sources[stream] = drip(20)
    with heir.reading(stream) as frames:
        seen = [next(frames)]
        heir.engine.start()
        seen += frames
    assert [type(frame) for frame in seen].count(End) == 1
    assert not any(isinstance(frame, Rewind) for frame in seen), "what is stored stays"
    assert text_of(seen) == FIRST + "".join(f"drop {n} " for n in range(20))


def test_of_two_heirs_one_goes_on(dead: Rig, tmp_path: Path):
    heir, other = (Rig(tmp_path, owner=f"{name}-{ALIVE}", continues=True) for name in ("one", "other"))
    stream = left_behind(dead)
    begun = []

    def source() -> Iterator[str]:
        begun.append(1)
        yield from drip(10)

    for rig in (heir, other):
        rig.sources[stream] = source()
    gevent.joinall([gevent.spawn(rig.engine.start) for rig in (heir, other)], raise_error=True)
    wait_for(lambda: heir.status(stream) == Status.DONE)
    assert (len(begun), heir.streams.state(stream).epoch) == (1, 2)


def test_an_answer_that_loses_its_process_each_time_is_interrupted_in_the_end(dead: Rig, tmp_path: Path):
    stream = left_behind(dead)
    for number in range(CONTINUATIONS):
        next_one = Rig(tmp_path, owner=f"also-dead-{number}", continues=True)
        next_one.sources[stream] = endless("more, ")
        next_one.engine._reaper.reap()
        assert next_one.status(stream) == Status.STREAMING
        present = FIRST + "more, " * (number + 1)
        wait_for(lambda made=next_one, all_=present: made.writer.tick() and made.text(stream) == all_)
        next_one.engine._running.clear()  # it hears no more of it
    last = Rig(tmp_path, owner="last", continues=True)
    last.sources[stream] = [SECOND]
    last.engine.start()
    assert last.status(stream) == Status.INTERRUPTED
    assert last.text(stream) == FIRST + "more, " * CONTINUATIONS
    assert last.engine.drive(stream, resume=True), "a person may ask for it again"
    assert text_of(last.follow(stream)) == FIRST + "more, " * CONTINUATIONS + SECOND
    assert last.streams.state(stream).continuations == 0


def test_what_nobody_else_can_go_on_with_is_interrupted(dead: Rig, heir: Rig):
    stream = left_behind(dead)  # no source for it in the heir
    heir.engine.start()
    assert heir.status(stream) == Status.INTERRUPTED
    assert heir.text(stream) == FIRST


def test_a_stop_that_a_dead_process_did_not_hear_is_kept(dead: Rig, heir: Rig):
    stream = left_behind(dead)
    heir.engine.stop(stream)
    heir.sources[stream] = [SECOND]
    heir.engine.start()
    assert heir.status(stream) == Status.STOPPED
    assert heir.text(stream) == FIRST


def test_what_a_shared_tape_still_knows_is_stored_first(dead: Rig, heir: Rig):
    stream = left_behind(dead)
    heir.sources[stream] = [SECOND]
    asked = []

    def salvage(*place: object) -> bytes:
        asked.append(place)
        return b"the tail, "

    heir.engine._salvage = salvage
    heir.engine.start()
    assert text_of(heir.follow(stream)) == FIRST + "the tail, " + SECOND
    assert asked == [(stream, 1, len(FIRST))]
    assert heir.streams.state(stream).bases == (0, len(FIRST + "the tail, "))


def test_who_leaves_hands_over_and_loses_nothing(tmp_path: Path, heir: Rig):
    leaving = Rig(tmp_path, continues=True)
    stream = leaving.stream(endless(FIRST))
    leaving.engine.start()
    leaving.engine.drive(stream)
    wait_for(lambda: leaving.text(stream) == FIRST)
    heir.sources[stream] = [SECOND]
    assert leaving.engine.drain(PATIENCE_S)
    assert leaving.status(stream) == Status.STREAMING, "it is on its way, in nobody's hands for a moment"
    assert leaving.text(stream) == FIRST
    heir.engine.start()
    assert text_of(heir.follow(stream)) == FIRST + SECOND


def test_who_leaves_lets_answers_finish_within_the_time_of_grace(tmp_path: Path):
    leaving = Rig(tmp_path, continues=True)
    leaving.engine.start()
    goes_on = Event()

    def short() -> Iterator[str]:
        yield FIRST
        goes_on.wait()
        yield SECOND

    brief, long = leaving.stream(short()), leaving.stream(drip())
    for stream in (brief, long):
        leaving.engine.drive(stream)
    leave = gevent.spawn(leaving.engine.drain, PATIENCE_S, grace_s=PATIENCE_S)
    wait_for(lambda: leaving.engine.draining)
    goes_on.set()
    wait_for(lambda: leaving.status(brief) == Status.DONE)
    assert not leave.ready()
    leaving.engine.grace_over.set()
    assert leave.get()
    assert leaving.text(brief) == FIRST + SECOND
    assert leaving.status(long) == Status.STREAMING


def test_the_time_of_grace_ends_by_itself(tmp_path: Path):
    leaving = Rig(tmp_path, continues=True)
    leaving.engine.start()
    stream = leaving.stream(drip())
    leaving.engine.drive(stream)
    assert leaving.engine.drain(PATIENCE_S, grace_s=0.1)
    assert leaving.status(stream) == Status.STREAMING


def test_a_stop_reaches_the_process_that_generates_at_once(tmp_path: Path):
    writing, other = Rig(tmp_path, pace=BY_RING_ALONE), Rig(tmp_path, owner="other")
    writing.engine.start()
    other.store._ring = lambda topics: (other.bell.ring(topics), writing.bell.ring(topics))  # one house
    stream = writing.stream(drip())
    writing.engine.drive(stream)
    wait_for(lambda: writing.tapes.get(stream) is not None)
    other.engine.stop(stream)
    wait_for(lambda: writing.status(stream) == Status.STOPPED)


class Pending:
    """Stands for a store in which some streams wait to be driven."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.given_up: list[str] = []

    def pending(self) -> list[str]:
        return self.names

    def give_up(self, name: str) -> None:
        self.given_up.append(name)


def test_how_long_a_stream_waits_is_counted_on_a_clock_that_never_jumps():
    now, started = [0.0], []
    streams = Pending("waits")
    reaper = Reaper(
        streams, is_dead=bool, alive=(), clock=lambda: now[0], adopt=print, start=started.append,
        waits=Waits(start_pending_s=(2, 3), give_up_pending_s=900),
    )  # fmt: skip
    for now[0], expected in ((0, 0), (1.9, 0), (3.1, 1)):
        reaper.start_pending()
        assert len(started) == expected
    now[0] = 900.5
    reaper.start_pending()
    assert streams.given_up == ["waits"]


class Expiring:
    """Stands for a store that is asked for orphans."""

    def __init__(self) -> None:
        self.expired: list[bool] = []

    def orphans(self, is_dead: object, alive: object, *, expired: bool) -> list[object]:
        self.expired.append(expired)
        return []


def test_after_a_failure_of_the_database_owners_have_one_lease_to_renew_first():
    now, streams = [100.0], Expiring()
    reaper = Reaper(
        streams, is_dead=bool, alive=(), clock=lambda: now[0], adopt=print, start=print, waits=Waits(6)
    )  # fmt: skip
    for now[0] in (100.0, 105.9, 106.0):
        reaper.reap()
    reaper.doubt_leases()
    for now[0] in (111.9, 112.0):
        reaper.reap()
    assert streams.expired == [False, False, True, False, True]


class Left(Expiring):
    """Stands for a store in which a dead process left a dozen answers."""

    def orphans(self, is_dead: object, alive: object, *, expired: bool) -> list[object]:
        return list(range(12))


def test_one_orphan_whose_takeover_is_slow_or_fails_keeps_no_other_waiting():
    adopted: list[int] = []
    all_others = Event()

    def adopt(orphan: int) -> None:
        if orphan == 0:
            assert all_others.wait(PATIENCE_S), "the others wait for it"
        if orphan == 1:
            raise OSError("the database is away")
        adopted.append(orphan)
        if len(adopted) == 10:
            all_others.set()

    reaper = Reaper(
        Left(), is_dead=bool, alive=(), clock=lambda: 0, adopt=adopt, start=print, waits=Waits()
    )  # fmt: skip
    reaper.reap()
    assert sorted(adopted) == [0, *range(2, 12)]
