"""`chat.streams`: any Python generator feeds a stream, and whoever may read it follows."""

from collections.abc import Iterator

import pytest

from tests.person import Person
from tests.reading import Copy
from tests.server import RealServer


@pytest.fixture
def counting(tmp_path) -> Iterator[RealServer]:
    """The server of examples/countdown.py."""
    server = RealServer(tmp_path, app="examples.countdown:app")
    yield server.start()
    server.kill()


def test_a_generator_feeds_a_stream_that_is_followed_live_stored_and_stopped(counting):
    ada, ben = (Person.sign_in(counting.url, name) for name in ("Ada", "Ben"))
    stream_id = begin(ada, 9)
    whole = "".join(f"{number} … " for number in range(9, 0, -1)) + "lift-off 🚀"

    driver = ada.drive_events(stream_id)
    first = driver.next()
    assert first.name == "delta", "the driver came too late to see anything live"
    copy = Copy()
    copy.take(first)
    assert len(copy.text) < len(whole)
    assert copy.follow(driver).text == whole
    assert copy.end["status"] == "done"
    assert ada.state(stream_id)["text"] == whole
    assert Copy().follow(ada.follow(stream_id)).text == whole

    assert ben.call("GET", f"/api/streams/{stream_id}").status_code == 404

    longer = begin(ada, 1000)
    assert ada.stop(longer).status_code == 202
    stopped = Copy().follow(ada.follow(longer))
    assert stopped.end["status"] == "stopped"
    assert ada.state(longer)["text"] == stopped.text


def begin(person: Person, first: int) -> str:
    answer = person.call("POST", "/api/countdown", {"from": first})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["stream_id"])
