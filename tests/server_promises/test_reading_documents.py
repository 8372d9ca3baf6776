"""A document that was added is read, whatever dies meanwhile; what kills its reader each time fails."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine, text

from chat import addresses
from tests.conftest import show_if_it_fails
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.server import RealServer, runs
from tests.server_promises.waiting import until
from tests.services import fresh_database
from tests.stepwise import let_pass

LINE = "In the year {0} the river rose {0} fingers above the old bridge, and nobody in the town slept.\n\n"
LONG = "".join(LINE.format(number) for number in range(1, 6_001)).encode()  # a dozen parts, stored one by one
LAST = LINE.format(6_000).strip()
SOME = 96  # messages of its reader: it has hundreds, and more than a pipe and its server hold


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def mortal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server that tests end and bring back, on either database."""
    with ExitStack() as until_the_end:
        on: dict[str, str] = {}
        if request.param == "postgresql":
            database = fresh_database(request.getfixturevalue("_standing_postgres"))
            on["DATABASE_URL"] = addresses.database(until_the_end.enter_context(database))
        folder = tmp_path_factory.mktemp("server")
        server = RealServer(folder, app="tests.stepwise:app", CHAT_SESSION_RATE="0", **on)
        until_the_end.callback(server.kill)
        yield server.start()


@pytest.fixture
def server(request: pytest.FixtureRequest, mortal: RealServer) -> RealServer:
    """That server, where no long document is read to its end before the test says so."""
    show_if_it_fails(request, mortal)
    let_pass(mortal.folder, SOME)
    if not mortal.ready():
        mortal.restart()
    return mortal


def add(person: Person, original: bytes = LONG, name: str = "chronicle.txt", **query: str) -> str:
    """Add a document; returns its id."""
    answer = person.call("POST", "/api/documents", params={"name": name, **query}, data=original)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def state(person: Person, document_id: str) -> dict[str, Any]:
    found: dict[str, Any] = person.get(f"/api/documents/{document_id}")
    return found


def until_ready(person: Person, document_id: str) -> dict[str, Any]:
    until(lambda: state(person, document_id)["status"] == "ready", 2 * PATIENCE_S)
    return state(person, document_id)


def readers_of(server: RealServer) -> list[psutil.Process]:
    """The processes that read for a server's workers: none just spawned, for whose start its worker waits."""
    return [
        child
        for worker in server.workers
        for child in worker.children()
        if runs(child) and "chat.extraction" in command_of(child)
    ]


def command_of(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return process.cmdline()
    return []


def held_in_the_middle(server: RealServer, person: Person, document_id: str) -> psutil.Process:
    """Wait until some of a document is stored; gives the process that reads it, and is not let go on."""
    until(lambda: state(person, document_id)["passages"])
    assert state(person, document_id)["status"] == "reading"
    (reader,) = readers_of(server)
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
    let_pass(server.folder, None)
    server.start()
    document = until_ready(person, added)
    assert last_words(person, document).endswith(LAST)


def test_when_a_worker_is_killed_the_next_one_reads_on(server: RealServer, person: Person) -> None:
    added = add(person)
    reader = held_in_the_middle(server, person, added)
    (worker,) = server.workers
    worker.kill()
    until(lambda: not runs(reader))  # nobody waits for what it says
    let_pass(server.folder, None)
    server.wait_for_workers()
    document = until_ready(person, added)
    assert last_words(person, document).endswith(LAST)


def test_who_is_told_to_leave_gives_back_what_it_reads(server: RealServer, person: Person) -> None:
    added = add(person)
    reader = held_in_the_middle(server, person, added)
    said = len(server.logs)
    assert server.stop(PATIENCE_S) < PATIENCE_S, "it had to be killed"
    until(lambda: not runs(reader))
    let_pass(server.folder, None)
    server.start()
    document = until_ready(person, added)
    assert last_words(person, document).endswith(LAST)
    assert "claim" not in server.logs[said:]


def test_a_reader_that_dies_each_time_is_tried_three_times_and_no_more(
    server: RealServer, person: Person
) -> None:
    added = add(person)
    for _ in range(3):
        (reader,) = until(lambda: readers_of(server))
        os.kill(reader.pid, signal.SIGKILL)
        reader.wait(PATIENCE_S)
    until(lambda: state(person, added)["status"] == "failed")
    found = state(person, added)
    assert found["error"]["code"] == "crashed"
    assert found["passages"] == 0
    other = add(person, b"A short one is read all the same.\n", "short.txt")
    until_ready(person, other)


def test_what_is_deleted_while_it_is_read_leaves_nothing(server: RealServer, person: Person) -> None:
    before = rows_of(server)
    added = add(person)
    reader = held_in_the_middle(server, person, added)
    assert person.call("DELETE", f"/api/documents/{added}").status_code == 204
    assert person.call("GET", f"/api/documents/{added}").status_code == 404
    until(lambda: not runs(reader))
    until(lambda: rows_of(server) == before, every=0.5)


def test_the_server_answers_others_while_it_reads(server: RealServer, person: Person) -> None:
    added = add(person)
    held_in_the_middle(server, person, added)
    answered = 0
    while state(person, added)["status"] != "ready":
        let_pass(server.folder, SOME + answered * SOME // 2)
        assert person.call("GET", "/api/conversations").status_code == 200
        answered += 1
    assert answered > 5, "it was let go on by steps, and had more to read than five of them"


def rows_of(server: RealServer) -> list[int]:
    """Count what is stored of documents."""
    engine = create_engine(server.environment["DATABASE_URL"])
    tables = ("documents", "passages", "originals", "passage_index")
    with engine.connect() as connection:
        found = [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]
    engine.dispose()
    return found
