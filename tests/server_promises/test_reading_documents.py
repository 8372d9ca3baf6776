"""A document that was added is read, whatever dies meanwhile; what kills its reader each time fails."""

import os
import signal
from contextlib import suppress
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine, text

from tests.conftest import ServerFactory
from tests.person import Person
from tests.server import RealServer
from tests.server_promises.waiting import until

LINE = "In the year {0} the river rose {0} fingers above the old bridge, and nobody in the town slept.\n\n"
LONG = "".join(LINE.format(number) for number in range(1, 12_001)).encode()  # takes a second or more to read
LAST = LINE.format(12_000).strip()
SECONDS = 60.0  # until a long document is read, on a machine that does other things, too


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, server_factory: ServerFactory) -> RealServer:
    """A server that may die: each test its own, on either database."""
    if request.param == "sqlite":
        return server_factory()
    return server_factory(DATABASE_URL=request.getfixturevalue("postgres_url"))


def add(person: Person, original: bytes = LONG, name: str = "chronicle.txt", **query: str) -> str:
    """Add a document; returns its id."""
    answer = person.call("POST", "/api/documents", params={"name": name, **query}, data=original)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def state(person: Person, document_id: str) -> dict[str, Any]:
    found: dict[str, Any] = person.get(f"/api/documents/{document_id}")
    return found


def until_ready(person: Person, document_id: str) -> dict[str, Any]:
    until(lambda: state(person, document_id)["status"] == "ready", SECONDS)
    return state(person, document_id)


def readers_of(server: RealServer) -> list[psutil.Process]:
    """The processes that read for a server's workers."""
    return [child for worker in server.workers for child in worker.children()]


def held_in_the_middle(server: RealServer, person: Person, document_id: str) -> psutil.Process:
    """Stop the process that reads a document, once some of that is stored, and return it."""
    until(lambda: state(person, document_id)["passages"], SECONDS, every=0.005)
    (reader,) = readers_of(server)
    reader.suspend()
    assert state(person, document_id)["status"] == "reading"
    return reader


def last_words(person: Person, document: dict[str, Any]) -> str:
    path = f"/api/documents/{document['id']}/passages?after={document['passages'] - 1}"
    return str(person.get(path)["items"][-1]["text"]).strip()


def test_what_was_being_read_when_the_server_was_killed_is_read_after_a_restart(
    server: RealServer, person: Person
) -> None:
    added = add(person)
    held_in_the_middle(server, person, added)
    server.kill()
    server.start()
    document = until_ready(person, added)
    assert last_words(person, document).endswith(LAST)


def test_when_a_worker_is_killed_the_next_one_reads_on(server: RealServer, person: Person) -> None:
    added = add(person)
    reader = held_in_the_middle(server, person, added)
    (worker,) = server.workers
    worker.kill()
    server.wait_for_workers()
    document = until_ready(person, added)
    assert last_words(person, document).endswith(LAST)
    with suppress(psutil.NoSuchProcess):
        reader.resume()  # nobody waits for what it says
    until(lambda: not reader.is_running())


def test_who_is_told_to_leave_gives_back_what_it_reads(server: RealServer, person: Person) -> None:
    added = add(person)
    reader = held_in_the_middle(server, person, added)
    assert server.stop() < 5
    assert not reader.is_running()
    server.start()
    document = until_ready(person, added)
    assert last_words(person, document).endswith(LAST)
    assert "claim" not in server.logs


def test_a_reader_that_dies_each_time_is_tried_three_times_and_no_more(
    server: RealServer, person: Person
) -> None:
    added = add(person)
    for _ in range(3):
        (reader,) = until(lambda: readers_of(server), SECONDS)
        os.kill(reader.pid, signal.SIGKILL)
        reader.wait(10)
    until(lambda: state(person, added)["status"] == "failed", SECONDS)
    found = state(person, added)
    assert found["error"]["code"] == "crashed"
    assert found["passages"] == 0
    other = add(person, b"A short one is read all the same.\n", "short.txt")
    until_ready(person, other)


def test_what_is_deleted_while_it_is_read_leaves_nothing(server: RealServer, person: Person) -> None:
    added = add(person)
    reader = held_in_the_middle(server, person, added)
    assert person.call("DELETE", f"/api/documents/{added}").status_code == 204
    assert person.call("GET", f"/api/documents/{added}").status_code == 404
    until(lambda: not reader.is_running(), SECONDS)
    until(lambda: rows_of(server) == [0, 0, 0, 0], SECONDS, every=0.5)


def test_the_server_answers_others_while_it_reads(server: RealServer, person: Person) -> None:
    added = add(person)
    slowest, times = 0.0, 0
    while state(person, added)["status"] != "ready":
        slowest = max(slowest, person.call("GET", "/api/conversations").elapsed.total_seconds())
        times += 1
    assert times > 5
    assert slowest < 2, "generous: other tests run beside this one"


def rows_of(server: RealServer) -> list[int]:
    """Count what is stored of documents."""
    engine = create_engine(server.environment["DATABASE_URL"])
    tables = ("documents", "passages", "originals", "passage_index")
    with engine.connect() as connection:
        found = [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]
    engine.dispose()
    return found
