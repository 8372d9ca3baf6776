"""Who is here: people once, however many tabs; readers of a link as a number; nobody who only reloads."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from sqlalchemy import event

from chat.store.people import Person
from chat.store.presence import Cast
from chat.web.house import EXTENSION, House
from chat.web.presence import Presence
from chat.web.presence_census import LINGER_S, Census, Seat
from chat.web.presence_shown import merge, shown_json
from tests.patience import PATIENCE_S
from tests.web.calls import opened_app

ADA, BEN = Person("ada", "Ada"), Person("ben", "Ben")
LINK = Seat("c", None)


class Counted:
    """A census whose clock is the test's."""

    def __init__(self) -> None:
        self.now = 100.0
        self.changes: list[str] = []
        self.census = Census(lambda: self.now, self.changes.append, lambda: None)

    def enter(self, who: Person | None, drives: bool = False) -> None:
        self.census.enter(Seat("c", who), drives=drives)

    def leave(self, who: Person | None, drives: bool = False) -> None:
        self.census.leave(Seat("c", who), drives=drives)

    def settle(self, seconds: float = LINGER_S) -> Any:
        self.now += seconds
        self.census.settle()
        return self.census.lines_of("c")


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_a_person_with_several_tabs_counts_once(counted: Counted) -> None:
    for _ in range(3):
        counted.enter(ADA)
    assert counted.changes == ["c"]
    assert counted.census.lines_of("c") == {"people": {"ada": ["Ada", False]}, "links": 0}
    counted.leave(ADA)
    counted.leave(ADA)
    assert counted.settle() is not None
    counted.leave(ADA)
    assert counted.settle() is None


def test_each_line_of_a_link_counts(counted: Counted) -> None:
    counted.enter(None)
    counted.enter(None)
    assert counted.census.lines_of("c") == {"people": {}, "links": 2}
    counted.leave(None)
    counted.leave(None)
    assert counted.settle() is None


def test_a_reload_is_no_leaving(counted: Counted) -> None:
    for who in (ADA, None):
        counted.enter(who)
    before, counted.changes[:] = counted.census.lines_of("c"), []
    for who in (ADA, None):
        counted.leave(who)
    counted.settle(LINGER_S / 2)
    for who in (ADA, None):
        counted.enter(who)
    assert counted.settle() == before
    assert counted.changes == []


def test_who_leaves_again_soon_is_not_let_go_of_for_the_first_time_they_left(counted: Counted) -> None:
    counted.enter(ADA)
    counted.leave(ADA)
    counted.now += LINGER_S * 0.8
    counted.enter(ADA)
    counted.leave(ADA)
    assert counted.settle(LINGER_S * 0.5) is not None
    assert counted.settle() is None


def test_a_driver_drives_for_as_long_as_that_line_is_open(counted: Counted) -> None:
    counted.enter(ADA)
    counted.enter(ADA, drives=True)
    assert counted.census.lines_of("c") == {"people": {"ada": ["Ada", True]}, "links": 0}
    counted.leave(ADA, drives=True)
    assert counted.census.lines_of("c") == {"people": {"ada": ["Ada", False]}, "links": 0}
    assert counted.changes == ["c"] * 3


# ── put together ─────────────────────────────────────────────────────────────────────────────


def test_several_processes_count_a_person_once_and_links_by_their_lines() -> None:
    here = {"people": {"ada": ["Ada", False], "ben": ["Ben", False]}, "links": 1}
    there = {"people": {"ada": ["Ada", True]}, "links": 2}
    shown = merge([here, None, there], Cast("ben", {"ada": "co-driver"}, None))
    assert [(one.name, one.role, one.drives) for one in shown.people] == [
        ("Ada", "co-driver", True),
        ("Ben", "owner", False),
    ]
    assert (shown.viewers, shown.says) == (4, "4 watching, Ada is asking")


def test_who_asked_the_live_answer_drives_while_they_are_there() -> None:
    lines = {"people": {"ada": ["Ada", False]}, "links": 0}
    assert [one.id for one in merge([lines], Cast("ada", {}, "ada")).drivers] == ["ada"]
    assert merge([lines], Cast("ada", {}, "ben")).drivers == [], "who is not here drives nothing"


def test_readers_of_a_link_see_numbers_and_drivers_and_no_other_name() -> None:
    lines = {"people": {"ada": ["Ada", True], "ben": ["Ben", False]}, "links": 1}
    shown = merge([lines], Cast("ada", {"ben": "viewer"}, None))
    assert shown_json(shown, names=False) == {"viewers": 2, "drivers": [{"id": "ada", "name": "Ada"}]}
    assert [one["name"] for one in shown_json(shown, names=True)["people"]] == ["Ada", "Ben"]


# ── written and shown ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def house(tmp_path: Path):
    with opened_app(tmp_path) as app:
        yield app.extensions[EXTENSION]


def another(house: House, name: str) -> Presence:
    """Make the presence of another process on the same database."""
    clock = gevent.get_hub().loop.now
    return Presence(house.store, house.bell, process=lambda: name, clock=clock, wall=house.now)


def shown_by(presence: Presence, cid: str = "c") -> Any:
    """Wait until the board knows something."""
    with gevent.Timeout(PATIENCE_S):
        while presence.shown(cid) is None:
            gevent.sleep(0.005)
    return presence.shown(cid)


def test_processes_see_each_others_readers_and_when_they_have_gone(house: House) -> None:
    here, there = another(house, "here"), another(house, "there")
    with here.seated(Seat("c", ADA)):
        assert shown_by(here).is_alone
        with there.seated(Seat("c", BEN)), there.seated(LINK):
            there.write()
            assert shown_by(there).says == "2 watching", "here has not told yet"
            with house.bell.listen("here:c") as ear, gevent.Timeout(PATIENCE_S):
                here.write()
                while shown_by(there).viewers != 3:
                    ear.wait()
            assert shown_by(here).says == "3 watching"
        gevent.sleep(LINGER_S + 0.05)
        there._census.settle()
        there.write()
        with gevent.Timeout(PATIENCE_S):
            while not shown_by(here).is_alone:
                gevent.sleep(0.005)


def test_who_opens_a_conversation_alone_costs_one_small_write_and_three_small_reads(house: House) -> None:
    said: list[str] = []
    engine = house.store._store._readers  # type: ignore[attr-defined]
    writers = house.store._store._writers  # type: ignore[attr-defined]
    for one in (engine, writers):
        event.listen(one, "before_cursor_execute", lambda c, cur, sql, *_: said.append(sql.split()[0]))
    presence = another(house, "here")
    with presence.seated(Seat("c", ADA)):
        shown_by(presence)
        presence.write()
        gevent.sleep(0.05)  # what the ring of that write sets off
        assert presence.shown("c").is_alone
    work = [sql for sql in said if sql in ("SELECT", "INSERT", "UPDATE", "DELETE")]
    assert work.count("INSERT") == 1, said
    assert work.count("SELECT") <= 3, said
    assert len(work) <= 4, said
    said.clear()
    with presence.seated(Seat("c", ADA)), presence.seated(Seat("c", ADA)):
        presence.write()
    assert said.count("INSERT") == 0, "a reload, a second tab: nothing became different"


def test_a_database_that_fails_breaks_no_line(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from chat.core.log import StoreAway

    def away(*_: object) -> None:
        raise StoreAway("away")

    presence = another(house, "here")
    monkeypatch.setattr(house.store, "read", away, raising=False)
    with presence.seated(Seat("c", ADA)):
        assert presence.shown("c") is None
        gevent.sleep(0)
        assert presence.shown("c") is None, "not known, and that is all"


def test_who_leaves_after_a_write_of_which_nobody_knows_is_not_there_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chat.core.log import StoreAway

    here, there, write = another(house, "here"), another(house, "there"), house.store.write

    def lose_the_answer(fn: Any) -> None:
        write(fn)
        raise StoreAway("its line broke after the commit")

    with here.seated(Seat("c", ADA)):
        monkeypatch.setattr(house.store, "write", lose_the_answer, raising=False)
        with pytest.raises(StoreAway):
            here.write()
        monkeypatch.undo()
    gevent.sleep(LINGER_S + 0.05)
    here._census.settle()
    here.write()
    with there.seated(Seat("c", BEN)):
        assert shown_by(there).is_alone
