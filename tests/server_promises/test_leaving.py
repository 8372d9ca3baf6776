"""An answer belongs to the server: it goes on without its driver, and starts without one."""

import time

import pytest

from tests.person import Person
from tests.reading import Copy
from tests.scripted import answer_of, read_script
from tests.server import RealServer
from tests.server_promises.waiting import until, until_status
from tests.upstream import Upstream

MODEL = "goes-on;tokens=150"
HELD = 100  # characters: until it is let go, the answer is under way
NOTICED_S = 14.0  # a second is promised, where nothing else runs; the next heartbeat comes after 15
WHOLE = answer_of(read_script(MODEL))


@pytest.mark.parametrize("accept", ["text/plain", "text/event-stream"])
def test_the_driver_leaves_and_the_answer_goes_on(person: Person, upstream: Upstream, accept: str) -> None:
    upstream.hold(HELD, MODEL)
    asked = person.ask(model=MODEL)
    with person.drive(asked.stream_id, accept=accept) as driver:
        driver.read_at_least(30)
    upstream.let_go(MODEL)
    state = until_status(person, asked.stream_id, "done")
    assert state["text"] == WHOLE
    assert state["finish_reason"] == "stop"
    assert state["usage"] == {"input_tokens": 11, "output_tokens": 150, "estimated": False}
    until(lambda: upstream.last(MODEL).complete)


def test_a_viewer_sees_the_rest_when_the_driver_has_left(person: Person, upstream: Upstream) -> None:
    upstream.hold(HELD, MODEL)
    asked = person.ask(model=MODEL)
    viewer = person.follow(asked.stream_id)
    with person.drive(asked.stream_id) as driver:
        driver.read_at_least(30)
    upstream.let_go(MODEL)
    copy = Copy().follow(viewer)
    assert copy.text == WHOLE
    assert copy.end is not None
    assert copy.end["status"] == "done"


def test_the_server_starts_what_nobody_drives(person: Person, upstream: Upstream) -> None:
    began = time.time()
    asked = person.ask(model=MODEL)
    until(lambda: upstream.count(MODEL))
    assert upstream.last(MODEL).at - began > 1.8, "whoever asked has 2 s to drive it"
    assert until_status(person, asked.stream_id, "done")["text"] == WHOLE


def test_a_stream_without_a_conversation_lives_the_same_way(person: Person, upstream: Upstream) -> None:
    upstream.hold(HELD, MODEL)
    created = person.call("POST", "/api/streams", {"prompt": "What is a stream?", "model": MODEL})
    assert created.status_code == 201
    stream_id = created.json()["stream_id"]
    with person.drive(stream_id) as driver:
        driver.read_at_least(30)
    upstream.let_go(MODEL)
    assert until_status(person, stream_id, "done")["text"] == WHOLE


def test_history_goes_to_the_provider_from_the_store(person: Person, upstream: Upstream) -> None:
    conversation = person.converse(system="Be brief.")
    first = person.ask("One?", conversation, model="short")
    person.drive(first.stream_id).read_all()
    until_status(person, first.stream_id, "done")
    second = person.ask("Two?", conversation, model=MODEL)
    person.drive(second.stream_id).close()
    until(lambda: upstream.count(MODEL))
    assert upstream.last(MODEL).messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": answer_of(read_script("short"))},
        {"role": "user", "content": "Two?"},
    ]


def test_a_reader_that_left_is_noticed_at_once(server: RealServer, person: Person) -> None:
    asked = person.ask(model="silent")  # nothing is ever written that could fail
    person.drive(asked.stream_id).close()
    gone = [person.follow(asked.stream_id) for _ in range(5)]
    gone += [person.events(f"/api/conversations/{asked.conversation_id}") for _ in range(5)]
    ports = {reader.response.socket.getsockname()[1] for reader in gone}
    assert held_by(server) >= ports
    for reader in gone:
        reader.close()
    until(lambda: not held_by(server) & ports, NOTICED_S)
    person.stop(asked.stream_id)


def held_by(server: RealServer) -> set[int]:
    """The clients' ports of the connections that the server still holds."""
    lines = [line for worker in server.workers for line in worker.net_connections("tcp")]
    return {line.raddr.port for line in lines if line.laddr.port == server.port and line.raddr}
