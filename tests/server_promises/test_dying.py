"""Where interrupted answers are marked: SIGTERM keeps every byte, kill -9 costs a flush; both can go on."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.conftest import show_if_it_fails
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.reading import Copy
from tests.scripted import answer_of, read_script
from tests.server import RealServer, wait_for_end
from tests.server_promises.waiting import until, until_status
from tests.upstream import Upstream

MODEL = "dying;tokens=400"
WHOLE = answer_of(read_script(MODEL)).encode()
AGAIN = "again;tokens=20"
HELD = 1200  # characters that the provider says before the death, and not one more


@contextmanager
def mortal(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory, **more: str) -> Iterator[RealServer]:
    """A server that marks what it could not finish, for all tests that end it and bring it back."""
    model = {"OPENAI_BASE_URL": upstream.url, "OPENAI_API_KEY": "scripted"}
    server = RealServer(
        tmp_path_factory.mktemp("mortal"),
        CHAT_ON_INTERRUPT="mark",
        CHAT_GRACE_S="0",
        CHAT_SESSION_RATE="0",
        **model,
        **more,
    )
    yield server.start()
    server.kill()


@pytest.fixture(scope="module")
def usual(standing_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with mortal(standing_upstream, tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="module")
def hoarding(standing_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """It stores a part only where its rule ends one, however long that takes."""
    with mortal(standing_upstream, tmp_path_factory, CHAT_FLUSH_MS="60000", CHAT_CHUNK_BY="4096") as server:
        yield server


@pytest.fixture(params=["usual"])
def server(request: pytest.FixtureRequest, upstream: Upstream) -> RealServer:
    """A server that may die, whose provider holds its answers back."""
    found: RealServer = request.getfixturevalue(request.param)
    show_if_it_fails(request, found)
    if not found.ready():
        found.restart()
    upstream.hold(HELD, MODEL)
    return found


hoards = pytest.mark.parametrize("server", ["hoarding"], indirect=True, ids=[""])


def test_a_server_told_to_go_keeps_every_byte_and_is_gone_soon(server: RealServer, person: Person) -> None:
    driven, alone = person.ask(model=MODEL), person.ask(model=MODEL)
    viewer = person.follow(driven.stream_id)
    driver = person.drive(driven.stream_id)
    person.drive(alone.stream_id).close()  # nobody reads this one: it must be waited for all the same
    driver.read_at_least(300)
    until(lambda: person.state(alone.stream_id)["next_offset"] > 100)
    took = server.stop(PATIENCE_S)
    seen, watched = driver.read_all(), Copy()
    for event in viewer:
        watched.take(event)
    server.start()

    assert took < PATIENCE_S, "it had to be killed"
    for asked in (driven, alone):
        state = person.state(asked.stream_id)
        assert state["status"] == "interrupted"
        assert WHOLE.startswith(state["text"].encode())
    kept = person.state(driven.stream_id)["text"].encode()
    assert len(seen) >= 300
    assert kept.startswith(seen)
    assert kept.startswith(watched.data)


def test_continuing_goes_on_from_the_stored_text_in_the_next_epoch(
    server: RealServer, person: Person, upstream: Upstream
) -> None:
    asked = person.ask(model=MODEL)
    with person.drive(asked.stream_id) as driver:
        driver.read_at_least(300)
        server.restart()
    kept = until_status(person, asked.stream_id, "interrupted")["text"]
    assert person.drive(asked.stream_id).read_all().decode() == kept, "without `resume` it is only read"
    assert upstream.count(MODEL) == 1
    upstream.scripts[MODEL] = read_script(AGAIN)

    viewer = person.follow(asked.stream_id, offset=len(kept.encode()))
    copy = Copy(kept.encode()).follow(
        person.drive_events(asked.stream_id, offset=len(kept.encode()), resume=1)
    )
    assert copy.epoch == 2
    assert copy.end is not None
    assert copy.end["status"] == "done"
    assert copy.text == kept + answer_of(read_script(AGAIN))
    assert person.state(asked.stream_id)["text"] == copy.text
    assert any(kept in message["content"] for message in upstream.last(MODEL).messages)
    first = viewer.next()
    assert first is not None
    assert first.name in ("end", "chunk")  # interrupted is told as an end; or it saw the continuation


def test_a_killed_server_loses_at_most_what_waits_for_its_flush_and_says_interrupted_at_boot(
    server: RealServer, person: Person
) -> None:
    asked = person.ask(model=MODEL)
    viewer, driver = person.follow(asked.stream_id), person.drive(asked.stream_id)
    came = driver.read_at_least(HELD - 20)  # as much as the provider says, but for half a token
    until(lambda: person.state(asked.stream_id)["next_offset"] >= len(came))
    server.kill()
    seen, watched = driver.read_all(), Copy()
    for event in viewer:
        watched.take(event)
    server.start()

    kept = until_status(person, asked.stream_id, "interrupted")["text"].encode()
    assert WHOLE.startswith(kept)
    assert kept.startswith(watched.data), "a viewer was shown what is not there any more"
    assert kept.startswith(came), "it was flushed"
    assert seen.startswith(kept) or kept.startswith(seen)


@hoards
def test_a_reader_ahead_of_a_killed_server_is_told_where_to_cut(
    server: RealServer, person: Person, upstream: Upstream
) -> None:
    asked = person.ask(model=MODEL, chunk_by="paragraph")
    events = person.drive_events(asked.stream_id)
    copy = Copy()
    while len(copy.data) < HELD - 20 and (event := events.next()):
        copy.take(event)
    until(lambda: person.state(asked.stream_id)["next_offset"])  # a paragraph, and no half one
    server.kill()
    server.start()
    kept = until_status(person, asked.stream_id, "interrupted")["text"].encode()
    assert len(copy.data) > len(kept) > 0
    upstream.scripts[MODEL] = read_script(AGAIN)

    refused = person.drive(asked.stream_id, offset=len(copy.data), epoch=copy.epoch, resume=1)
    assert refused.status == 409
    resumed = person.drive_events(asked.stream_id, offset=len(kept), epoch=1, resume=1)
    whole = Copy(kept).follow(resumed)
    assert whole.epoch == 2

    # The old place, once the new epoch has begun: rewound to its base.
    late = person.call("GET", f"/api/streams/{asked.stream_id}?offset={len(copy.data)}&epoch=1")
    assert late.status_code == 409
    assert late.json()["error"]["code"] == "rewound"
    assert late.json()["error"]["length"] == len(kept)
    assert late.json()["error"]["epoch"] == 2
    copy_again = Copy(copy.data).follow(person.follow(asked.stream_id, last_id=events.last_id))
    assert copy_again.rewinds == 1
    assert copy_again.data == whole.data


@hoards
def test_workers_whose_master_is_killed_hand_over_what_they_write(server: RealServer, person: Person) -> None:
    asked = person.ask("Explain how it works.", model=MODEL)
    driver = person.drive(asked.stream_id)
    driver.read_at_least(100)
    workers = server.workers
    os.kill(server.pid, signal.SIGKILL)
    seen = driver.read_all()
    wait_for_end(workers)
    server.kill()
    with closing(sqlite3.connect(server.folder / "headwater.sqlite3")) as file:
        stored = "SELECT owner, text FROM streams WHERE id = ?"
        owner, text = file.execute(stored, (asked.stream_id,)).fetchone()
    assert owner is None, "the next server goes on with it at once"
    assert text.encode().startswith(seen)
    assert len(seen) >= 100
