"""Stops that come at a bad moment: while an answer changes hands, or where it is no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event

from chat.core.lifecycle import Status
from tests.generation.test_engine import drip, wait_for
from tests.generation.test_surviving import FIRST, SECOND, endless, left_behind
from tests.patience import PATIENCE_S
from tests.rig import BY_RING_ALONE, Rig


@pytest.fixture
def dead(tmp_path: Path) -> Rig:
    return Rig(tmp_path, owner="nobody-knows", continues=True)


@pytest.fixture
def heir(tmp_path: Path) -> Rig:
    return Rig(tmp_path, owner="heir", continues=True, pace=BY_RING_ALONE)


def while_it_asks(heir: Rig, do: Any) -> None:
    """Do something between the heir's look for orphans and its takeover."""
    opened = heir.engine._open_source

    def open_source(*arguments: Any) -> Any:
        do()
        return opened(*arguments)

    heir.engine._open_source = open_source


def test_a_stop_during_a_takeover_is_heard_at_once(dead: Rig, heir: Rig) -> None:
    stream = left_behind(dead)
    heir.sources[stream] = drip()
    while_it_asks(heir, lambda: dead.engine.stop(stream))
    heir.engine.start()
    wait_for(lambda: heir.status(stream) == Status.STOPPED)


def test_a_stop_of_what_nobody_goes_on_with_makes_it_stopped(dead: Rig, heir: Rig) -> None:
    stream = left_behind(dead)  # no source for it: it would be interrupted
    while_it_asks(heir, lambda: dead.engine.stop(stream))
    heir.engine.start()
    assert heir.status(stream) == Status.STOPPED


def test_a_stop_at_a_process_that_lost_the_answer_unknowingly_reaches_the_one_that_has_it(
    tmp_path: Path, heir: Rig
) -> None:
    zombie = Rig(tmp_path, owner="zombie", continues=True)
    heir.store._ring = zombie.store._ring = lambda topics: heir.bell.ring(topics)
    stream = zombie.stream(endless(FIRST))
    zombie.engine.drive(stream)  # its engine is not started: it neither renews nor writes
    heir.sources[stream] = drip()
    heir.lease_clock.now += 100
    heir.engine._reaper._leases_count_from = 0
    heir.engine.start()
    assert heir.streams.state(stream).epoch == 2
    zombie.engine.stop(stream)
    wait_for(lambda: heir.status(stream) == Status.STOPPED)


def test_a_stop_of_what_is_just_handed_over_goes_with_it(tmp_path: Path, heir: Rig) -> None:
    hears = Event()

    def deaf() -> Iterator[str]:
        yield FIRST
        hears.wait()  # for so long it does not hear that it has to leave
        yield ""

    leaving = Rig(tmp_path, continues=True)
    leaving.engine.start()
    stream = leaving.stream(deaf())
    leaving.engine.drive(stream)
    wait_for(lambda: leaving.text(stream) == FIRST)
    leave = gevent.spawn(leaving.engine.drain, PATIENCE_S)
    wait_for(lambda: leaving.engine.grace_over.is_set())
    leaving.engine.stop(stream)
    hears.set()
    assert leave.get()
    heir.sources[stream] = [SECOND]
    heir.engine.start()
    assert heir.status(stream) == Status.STOPPED
    assert heir.text(stream) == FIRST


def test_who_is_told_to_leave_takes_over_nothing_more(dead: Rig, heir: Rig) -> None:
    streams = [left_behind(dead), left_behind(dead)]
    for stream in streams:
        heir.sources[stream] = drip()

    def leave() -> None:
        heir.engine.draining = True

    while_it_asks(heir, leave)
    heir.engine.start()
    assert sorted(heir.streams.state(stream).epoch for stream in streams) == [1, 2]
