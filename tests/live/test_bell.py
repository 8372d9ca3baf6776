"""Bells wake who listens; nothing is carried, nothing is kept for who does not."""

import gevent

from chat.live.bell import LocalBell
from tests.patience import PATIENCE_S


def test_a_ring_wakes_everyone_who_listens_to_the_topic_and_nobody_else():
    bell = LocalBell()
    with bell.listen("a") as one, bell.listen("a", "b") as two, bell.listen("c") as three:
        bell.ring(["a"])
        assert one.wait(0) == {"a"}
        assert two.wait(0) == {"a"}
        assert three.wait(0) == set()


def test_what_is_rung_between_listening_and_waiting_is_not_lost():
    bell = LocalBell()
    with bell.listen("a", "b") as ear:
        bell.ring(["a"])
        bell.ring(["b", "a"])
        assert ear.wait(0) == {"a", "b"}
        assert ear.wait(0) == set()


def test_a_waiting_listener_wakes_at_the_ring_and_not_at_its_timeout():
    bell = LocalBell()
    with bell.listen("a") as ear:
        waiting = gevent.spawn(ear.wait, 30)
        gevent.sleep(0)
        bell.ring(["a"])
        assert waiting.get(timeout=PATIENCE_S) == {"a"}


def test_who_stopped_listening_is_forgotten():
    bell = LocalBell()
    with bell.listen("a") as ear:
        pass
    bell.ring(["a"])
    assert ear.take() == set()
    assert bell.listeners() == 0


def test_a_listener_may_turn_to_other_topics():
    bell = LocalBell()
    with bell.listen("a") as ear:
        assert ear.tune("b", "c")
        assert not ear.tune("c", "b")
        bell.ring(["a", "b"])
        assert ear.wait(0) == {"b"}
    assert bell.listeners() == 0


def test_an_own_alarm_wakes_one_listener_alone():
    bell = LocalBell()
    with bell.listen("a") as one, bell.listen("a") as two:
        one.ring("gone")
        assert one.wait(0) == {"gone"}
        assert two.wait(0) == set()


def test_a_beat_wakes_a_listener_to_whom_nobody_rings():
    bell = LocalBell()
    with bell.listen("a") as ear:
        ear.beat(0.02)
        with gevent.Timeout(PATIENCE_S):
            assert ear.wait() == set()
            bell.ring(["a"])
            assert ear.wait() == {"a"}
            assert ear.wait() == set(), "and goes on"
