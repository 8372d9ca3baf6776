"""Stop means stop: before the first token, in mid-answer, twice, after the end."""

import time

from tests.conftest import ServerFactory
from tests.person import Person
from tests.reading import Copy
from tests.scripted import answer_of, read_script
from tests.server_promises.waiting import until, until_status
from tests.upstream import Upstream

MODEL = "stopped;tokens=200"
HELD = 200  # characters: what is to be stopped is under way until then
WHOLE = answer_of(read_script(MODEL))
AT_ONCE_S = 30.0  # a moment, on a machine that does other things too; the provider is silent for an hour


def test_before_anybody_started_it(server_factory: ServerFactory, upstream: Upstream) -> None:
    server = server_factory(app="tests.unhurried:app", OPENAI_BASE_URL=upstream.url)
    person = Person.sign_in(server.url)
    asked = person.ask(model=MODEL)
    answer = person.stop(asked.stream_id)
    assert (answer.status_code, answer.json()) == (202, {"stream_id": asked.stream_id, "status": "stopped"})
    assert person.drive(asked.stream_id).read_all() == b""
    server.app = "app:app"
    server.restart()
    person.ask(model="later")
    until(lambda: upstream.count("later"))  # the server starts what nobody drives, and this one came later
    assert person.state(asked.stream_id)["status"] == "stopped"
    assert upstream.count(MODEL) == 0


def test_before_the_first_token(person: Person, upstream: Upstream) -> None:
    asked = person.ask(model="silent")
    driver = person.drive_events(asked.stream_id)
    until(lambda: upstream.count("silent"))
    began = time.monotonic()
    assert person.stop(asked.stream_id).status_code == 202
    end = driver.until("end")
    assert end.at - began < AT_ONCE_S
    assert (end.data["status"], end.data["offset"], end.data["error"]) == ("stopped", 0, None)
    until(lambda: not upstream.last("silent").open)  # the provider is let go as well


def test_in_mid_answer_the_text_and_the_usage_are_kept(person: Person, upstream: Upstream) -> None:
    upstream.hold(HELD, MODEL)
    asked = person.ask(model=MODEL)
    viewer = person.follow(asked.stream_id)
    driver = person.drive(asked.stream_id)
    driver.read_at_least(100)
    began = time.monotonic()
    assert person.stop(asked.stream_id).status_code == 202
    text = driver.read_all().decode()
    assert time.monotonic() - began < AT_ONCE_S
    state = until_status(person, asked.stream_id, "stopped")
    assert WHOLE.startswith(state["text"])
    assert state["text"] == text
    assert state["usage"]["estimated"] is True
    assert state["usage"]["output_tokens"] > 5
    copy = Copy().follow(viewer)
    assert copy.text == text
    assert copy.end is not None
    assert copy.end["status"] == "stopped"
    until(lambda: not upstream.last(MODEL).open)


def test_twice_and_after_the_end_changes_nothing(person: Person, upstream: Upstream) -> None:
    upstream.hold(HELD, MODEL)
    asked = person.ask(model=MODEL)
    with person.drive(asked.stream_id) as driver:
        driver.read_at_least(50)
    for _ in range(3):
        assert person.stop(asked.stream_id).status_code == 202
    stopped = until_status(person, asked.stream_id, "stopped")
    assert person.stop(asked.stream_id).json()["status"] == "stopped"
    assert person.state(asked.stream_id) == stopped


def test_what_is_done_stays_done(person: Person) -> None:
    asked = person.ask(model="short")
    person.drive(asked.stream_id).read_all()
    done = until_status(person, asked.stream_id, "done")
    answer = person.stop(asked.stream_id)
    assert (answer.status_code, answer.json()["status"]) == (202, "done")
    assert person.state(asked.stream_id) == done


def test_deleting_a_live_answer_stops_it_and_tells_readers_not_to_return(
    person: Person, upstream: Upstream
) -> None:
    upstream.hold(HELD, MODEL)
    asked = person.ask(model=MODEL)
    viewer = person.follow(asked.stream_id)
    driver = person.drive(asked.stream_id)
    driver.read_at_least(50)
    assert person.call("DELETE", f"/api/streams/{asked.stream_id}").status_code == 204
    assert viewer.until("close")
    driver.read_all()
    assert person.call("GET", f"/api/streams/{asked.stream_id}").status_code == 404
    assert person.call("DELETE", f"/api/streams/{asked.stream_id}").status_code == 404
    until(lambda: not upstream.last(MODEL).open)
