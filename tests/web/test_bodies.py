"""Bodies that last: who may read no more is told so soon, however slow the database is to say it."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from chat.live.bell import Ear
from chat.web.bodies import CLOSE, AccessGone, Line, Permit, live_response
from chat.web.connection import Connection
from chat.web.house import EXTENSION, House
from tests.patience import PATIENCE_S
from tests.web.calls import opened_app


def test_a_line_that_is_closed_to_its_reader_wakes_when_the_database_says_so_at_last(tmp_path: Path) -> None:
    def refused() -> bool:
        gevent.sleep(0.5)  # many others ask at the same time
        return False

    with opened_app(tmp_path) as app:
        house: House = app.extensions[EXTENSION]
        with house.bell.listen("access:c") as ear, gevent.Timeout(PATIENCE_S):
            line = Line(house, Connection(), Permit(refused, ("access:c",)), ear, ask_at=float("inf"))
            house.bell.ring(["access:c"])
            assert not line.over(ear.wait()), "not known yet"
            with pytest.raises(AccessGone):
                line.over(ear.wait())


def test_what_changed_between_door_and_open_ear_closes_the_line_without_a_ring(tmp_path: Path) -> None:
    def body(ear: Ear, line: Line) -> Iterator[bytes]:
        while not line.over(ear.wait()):
            yield b"told\n"

    with opened_app(tmp_path) as app, app.test_request_context(), gevent.Timeout(PATIENCE_S):
        house: House = app.extensions[EXTENSION]
        ear = house.bell.listen("conversation:c")
        response = live_response(body, ear, Permit(lambda: False, ("access:c",)), rotate=True)
        assert list(response.response)[-1] == CLOSE
