"""One look answers all who asked before it began; who asks while somebody looks waits for the next."""

from pathlib import Path

import gevent
import pytest
from gevent.monkey import get_original

from chat.generation.clock import monotonic
from chat.web.bodies import OVER, AccessGone, Line, Permit, rung_when_over
from chat.web.connection import Connection
from chat.web.house import EXTENSION, House
from chat.web.shared_looks import SharedLooks
from tests.patience import PATIENCE_S
from tests.web.calls import opened_app


class Door:
    """What is looked at, slowly; `open` may change between two looks."""

    def __init__(self) -> None:
        self.open = True
        self.looks = 0

    def look(self) -> bool:
        self.looks += 1
        found = self.open
        gevent.sleep(0.02)
        return found


def test_hundreds_who_ask_in_one_moment_cost_one_look() -> None:
    shared, door = SharedLooks(), Door()
    asked = [shared.ask("may they?", door.look) for _ in range(300)]
    gevent.joinall(asked, raise_error=True)
    assert door.looks == 1
    assert {one.value for one in asked} == {True}


def test_who_asks_after_a_look_began_is_told_what_is_true_after_they_asked() -> None:
    shared, door = SharedLooks(), Door()
    early = shared.ask("may they?", door.look)
    gevent.sleep(0.01)
    door.open = False  # and a bell rings: who hears it must not be told what was true before
    late = [shared.ask("may they?", door.look) for _ in range(300)]
    gevent.joinall([early, *late], raise_error=True)
    assert early.value is True
    assert {one.value for one in late} == {False}
    assert door.looks == 2


def test_other_questions_are_other_looks() -> None:
    shared, doors = SharedLooks(), (Door(), Door())
    doors[1].open = False
    asked = [shared.ask(name, door.look) for name, door in zip("ab", doors, strict=True)]
    gevent.joinall(asked, raise_error=True)
    assert [one.value for one in asked] == [True, False]


def test_lines_with_the_same_question_share_it(tmp_path: Path) -> None:
    door = Door()
    door.open = False
    with opened_app(tmp_path) as app:
        house: House = app.extensions[EXTENSION]
        permit = Permit(door.look, ("access:c",), question="a link")
        ears = [house.bell.listen("access:c").open() for _ in range(100)]
        lines = [Line(house, Connection(), permit, ear, ask_at=monotonic() + 30) for ear in ears]
        house.bell.ring(["access:c"])

        def is_cut(line: Line) -> bool:
            try:
                while not line.over(line.ear.wait()):
                    pass  # not known yet
            except AccessGone:
                return True
            return False

        with gevent.Timeout(PATIENCE_S):
            cut = [gevent.spawn(is_cut, line) for line in lines]
            gevent.joinall(cut, raise_error=True)
        assert all(one.value for one in cut)
        assert door.looks == 1


def nobody_is_asked() -> bool:
    raise AssertionError("it is over, whatever the database says")


def test_a_line_ends_with_its_permit_and_nobody_is_asked(tmp_path: Path) -> None:
    with opened_app(tmp_path) as app:
        house: House = app.extensions[EXTENSION]
        gevent.sleep(0.01)
        get_original("time", "sleep")(0.3)  # we stood still: the loop knows no more what time it is
        now = house.now()
        permit = Permit(nobody_is_asked, ends_at=now + 0.1)
        with (
            house.bell.listen("nothing") as ear,
            rung_when_over(permit, ear, now),
            gevent.Timeout(PATIENCE_S),
        ):
            line = Line(house, Connection(), permit, ear, ask_at=monotonic() + 30)
            with pytest.raises(AccessGone):
                line.over(ear.wait())


def test_where_the_clock_was_set_back_it_asks_first(tmp_path: Path) -> None:
    door = Door()
    with opened_app(tmp_path) as app:
        house: House = app.extensions[EXTENSION]
        permit = Permit(door.look, ends_at=house.now() + 3600)
        with house.bell.listen("nothing") as ear:
            line = Line(house, Connection(), permit, ear, ask_at=monotonic() + 30)
            assert not line.over({OVER})
        assert door.looks == 1
