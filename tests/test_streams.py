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
    longer = begin(ada, 1000)  # counts for longer than anybody is paused
    driver = ada.drive_events(longer)
    driven = Copy()
    driven.take(driver.until("delta"))
    assert ada.state(longer)["status"] == "streaming", "it is seen live"
    assert ada.stop(longer).status_code == 202
    assert driven.follow(driver).end["status"] == "stopped"
    followed = Copy().follow(ada.follow(longer))
    assert driven.text == followed.text == ada.state(longer)["text"]
    assert driven.text.startswith("1000 … ")

    stream_id = begin(ada, 9)
    whole = "".join(f"{number} … " for number in range(9, 0, -1)) + "lift-off 🚀"
    copy = Copy().follow(ada.drive_events(stream_id))
    assert (copy.text, copy.end["status"]) == (whole, "done")
    assert ada.state(stream_id)["text"] == whole
    assert Copy().follow(ada.follow(stream_id)).text == whole

    assert ben.call("GET", f"/api/streams/{stream_id}").status_code == 404


def begin(person: Person, first: int) -> str:
    answer = person.call("POST", "/api/countdown", {"from": first})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["stream_id"])
