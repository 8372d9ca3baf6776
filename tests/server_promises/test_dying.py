"""Where interrupted answers are marked: SIGTERM keeps every byte, kill -9 costs a flush; both can go on."""

import pytest

from tests.conftest import ServerFactory
from tests.person import Person
from tests.reading import Copy
from tests.scripted import answer_of, read_script
from tests.server import RealServer
from tests.server_promises.waiting import until, until_status
from tests.upstream import Upstream

PACE = 100  # tokens a second
MODEL = f"dying;tokens=1200;pace={PACE}"
WHOLE = answer_of(read_script(MODEL)).encode()
AGAIN = "again;tokens=20"
LEAVES_WITHIN = 5.0  # 2 s are promised, and held where nothing else runs
TOKEN_BYTES = max(len(token.encode()) for token in ("streams", " 日本語のテキスト"))


@pytest.fixture
def server(server_factory: ServerFactory, upstream: Upstream) -> RealServer:
    """A server that may die, and marks what it could not finish: each test its own."""
    return server_factory(
        OPENAI_BASE_URL=upstream.url, OPENAI_API_KEY="scripted", CHAT_ON_INTERRUPT="mark", CHAT_GRACE_S="0"
    )


def test_a_server_told_to_go_keeps_every_byte_and_is_gone_soon(server: RealServer, person: Person) -> None:
    driven, alone = person.ask(model=MODEL), person.ask(model=MODEL)
    viewer = person.follow(driven.stream_id)
    driver = person.drive(driven.stream_id)
    person.drive(alone.stream_id).close()  # nobody reads this one: it must be waited for all the same
    driver.read_at_least(300)
    until(lambda: person.state(alone.stream_id)["next_offset"] > 100)
    took = server.stop()
    seen, watched = driver.read_all(), Copy()
    for event in viewer:
        watched.take(event)
    server.start()

    assert took < LEAVES_WITHIN
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
    assert any(kept in message["content"] for message in upstream.log[-1].messages)
    first = viewer.next()
    assert first is not None
    assert first.name in ("end", "chunk")  # interrupted is told as an end; or it saw the continuation


def test_a_drive_without_resume_only_reads_what_was_interrupted(
    server: RealServer, person: Person, upstream: Upstream
) -> None:
    asked = person.ask(model=MODEL)
    with person.drive(asked.stream_id) as driver:
        driver.read_at_least(300)
        server.restart()
    kept = until_status(person, asked.stream_id, "interrupted")["text"]
    assert person.drive(asked.stream_id).read_all().decode() == kept
    assert upstream.count(MODEL) == 1


def test_a_killed_server_loses_half_a_second_and_says_interrupted_at_boot(
    server: RealServer, person: Person
) -> None:
    asked = person.ask(model=MODEL)
    viewer, driver = person.follow(asked.stream_id), person.drive(asked.stream_id)
    driver.read_at_least(1200)
    server.kill()
    seen, watched = driver.read_all(), Copy()
    for event in viewer:
        watched.take(event)
    server.start()

    state = until_status(person, asked.stream_id, "interrupted")
    kept = state["text"].encode()
    assert WHOLE.startswith(kept)
    assert kept.startswith(watched.data), "a viewer was shown what is not there any more"
    # 500 ms until a flush is due, a commit, and what a busy machine adds.
    assert len(seen) - len(kept) <= (0.5 + 0.3) * PACE * TOKEN_BYTES
    assert seen.startswith(kept) or kept.startswith(seen)


def test_a_reader_ahead_of_a_killed_server_is_told_where_to_cut(
    server: RealServer, person: Person, upstream: Upstream
) -> None:
    asked = person.ask(model=MODEL, chunk_by="paragraph")
    events = person.drive_events(asked.stream_id)
    copy = Copy()
    while len(copy.data) < 1200 and (event := events.next()):
        copy.take(event)
    server.kill()
    server.start()
    kept = until_status(person, asked.stream_id, "interrupted")["text"].encode()
    assert len(copy.data) > len(kept)
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
