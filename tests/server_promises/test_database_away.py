"""PostgreSQL goes and comes back under a running server: drivers do not notice, viewers wait, all is kept."""

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gevent
import pytest
import requests

from chat.config import Settings
from chat.web.database import migrate
from tests.conftest import show_if_it_fails
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.reading import Copy, SseReader
from tests.scripted import answer_of, read_script
from tests.server import DidNotStart, RealServer
from tests.server_promises.waiting import until, until_status
from tests.services import Postgres, fresh_database
from tests.upstream import Upstream

SECRET = "not a secret: this server lives for one test"
MODEL = "away;tokens=900"
WHOLE = answer_of(read_script(MODEL)).encode()
MISSED_S = 1.5  # in which several flushes come to nothing, one each half second


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with Postgres(durable=True) as server:
        yield server


@pytest.fixture(scope="module")
def two_workers(
    database: Postgres, standing_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    """A server with a pool of two connections in each worker."""
    with fresh_database(database.address) as url:
        migrate(settings_of(url))
        server = RealServer(
            tmp_path_factory.mktemp("server"),
            DATABASE_URL=url,
            SECRET_KEY=SECRET,
            OPENAI_BASE_URL=standing_upstream.url,
            OPENAI_API_KEY="scripted",
            CHAT_MODEL="scripted",
            CHAT_DATABASE_CONNECTIONS="2",
            CHAT_SESSION_RATE="0",
            WEB_CONCURRENCY="2",
        )
        yield server.start()
        server.kill()


@pytest.fixture
def server(request: pytest.FixtureRequest, two_workers: RealServer, database: Postgres) -> RealServer:
    """That server, whose database is back."""
    show_if_it_fails(request, two_workers)
    until(lambda: is_back(two_workers))
    return two_workers


def is_back(server: RealServer) -> bool:
    """Say whether its database answers whichever worker is asked."""
    return all(server.ready() for _ in range(20))


class Unprepared(RealServer):
    """A server that is started without a release phase before it."""

    def _migrate(self) -> None:
        pass


def copy_all(copy: Copy, events: SseReader) -> None:
    for event in events:
        copy.take(event)


def test_a_restart_in_mid_answer_loses_and_doubles_nothing(
    server: RealServer, person: Person, database: Postgres, upstream: Upstream
) -> None:
    upstream.hold(600, MODEL)
    asked = person.ask(model=MODEL)
    with person.drive(asked.stream_id) as driver:
        driver.read_at_least(500)
        copy = Copy()
        viewer = gevent.spawn(copy_all, copy, person.follow(asked.stream_id))
        until(lambda: len(copy.data) > 200)  # who was told nothing yet cannot wait, and comes again
        database.restart(signal.SIGQUIT)  # as a crash does
        upstream.hold(1600, MODEL)
        driver.read_at_least(1500)
        database.stop(signal.SIGINT)
        try:
            upstream.hold(2600, MODEL)
            driver.read_at_least(2500)  # deltas come while it is away
            gevent.sleep(MISSED_S)
            told = requests.get(
                f"{server.url}/api/conversations", headers=person.credentials, timeout=PATIENCE_S
            )
        finally:
            database.start()
        assert (told.status_code, told.json()["error"]["code"]) == (503, "database_unavailable")
        assert int(told.headers["Retry-After"]) >= 1
        upstream.let_go(MODEL)
        assert driver.read_all() == WHOLE
    until(lambda: is_back(server))
    assert until_status(person, asked.stream_id, "done")["text"].encode() == WHOLE
    viewer.get(timeout=PATIENCE_S)
    assert copy.data == WHOLE


def test_a_question_that_came_at_the_wrong_time_is_shown_again(
    server: RealServer, database: Postgres
) -> None:
    ours = {"Sec-Fetch-Site": "same-origin"}
    browser = requests.Session()
    browser.get(server.url, timeout=PATIENCE_S)
    database.stop(signal.SIGQUIT)
    try:
        form = {"text": "Is <this> kept?", "client_id": "mine"}
        answer = browser.post(f"{server.url}/c", form, headers=ours, timeout=PATIENCE_S)
        assert answer.status_code == 503
        assert "Is &lt;this&gt; kept?" in answer.text
        assert 'value="mine"' in answer.text
    finally:
        database.start()

    def sent() -> bool:
        return browser.post(f"{server.url}/c", form, headers=ours, timeout=PATIENCE_S).url.count("/c/") == 1

    until(sent)


def test_a_hundred_equal_questions_make_one(server: RealServer, person: Person) -> None:
    conversation = person.converse()
    answers = at_once(100, lambda n: send(person, conversation, "once", client_id="the same"))
    assert sorted(answer.status_code for answer in answers) == [200] * 99 + [201]
    assert len({answer.json()["reply"]["stream_id"] for answer in answers}) == 1
    assert len(person.get(f"/api/conversations/{conversation}/messages?all=1")["items"]) == 2


def test_of_fifty_different_questions_one_wins(
    server: RealServer, person: Person, upstream: Upstream
) -> None:
    upstream.hold(60, MODEL)  # the server may start the first before the last one comes
    conversation = person.converse()
    answers = at_once(50, lambda n: send(person, conversation, f"question {n}", model=MODEL))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    lost = {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409}
    assert lost == {"answer_in_progress"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/conversations/%00",
        "/api/conversations/{}/messages/%00/regenerate",
        "/api/conversations/{}/messages?after=%00",
        "/api/conversations/{}/events?after=999999999999999",
        "/api/conversations/{}/events?after=1.%00.%00..0",
        "/api/conversations?after=%00",
        "/api/streams/%00",
        "/api/streams/a?offset=99999999999999999999",
        "/c/%00",
        "/s/%00",
    ],
)
def test_what_postgresql_cannot_be_asked_for_is_no_fault_of_the_server(
    server: RealServer, person: Person, path: str
) -> None:
    method = "POST" if "regenerate" in path else "GET"
    with person.open(path.format(person.converse()), method=method) as answer:
        assert answer.status in (200, 404, 422)
        if answer.headers["content-type"].startswith("text/event-stream"):
            assert answer.read_at_least(10)


def test_a_server_whose_database_is_not_migrated_says_so_and_leaves(
    database: Postgres, tmp_path: Path
) -> None:
    with fresh_database(database.address) as url:
        server = Unprepared(tmp_path, DATABASE_URL=url, SECRET_KEY=SECRET)
        with pytest.raises(
            DidNotStart, match=r"(?s)It left with 2\..*Headwater cannot start: .*chat migrate"
        ):
            server.start()


def test_a_server_starts_while_its_database_is_away_and_is_ready_once_it_is_back(
    database: Postgres, tmp_path: Path
) -> None:
    with fresh_database(database.address) as url:
        migrate(settings_of(url))
        server = Unprepared(tmp_path, DATABASE_URL=url, SECRET_KEY=SECRET)
        database.stop(signal.SIGINT)
        try:
            starting = gevent.spawn(server.start)
            until(lambda: is_alive(server))
            assert not server.ready()
            database.start()
            starting.get(timeout=PATIENCE_S)
        finally:
            server.kill()


def is_alive(server: RealServer) -> bool:
    try:
        return requests.get(f"{server.url}/healthz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def settings_of(url: str) -> Settings:
    told: dict[str, Any] = {"database_url": url, "secret_key": SECRET}
    return Settings(_env_file=None, **told)


def send(person: Person, conversation: str, text: str, **fields: str) -> requests.Response:
    """Ask as clients do: who is told that it is crowded, which it may be on a busy machine, asks again."""
    while True:
        answer = person.call("POST", f"/api/conversations/{conversation}/messages", {"text": text, **fields})
        if answer.status_code != 503:
            return answer
        gevent.sleep(float(answer.headers["Retry-After"]))


def at_once(count: int, do) -> list[requests.Response]:  # type: ignore[no-untyped-def]
    with ThreadPoolExecutor(count) as pool:
        running: list[Future[requests.Response]] = [pool.submit(do, number) for number in range(count)]
        return [one.result() for one in running]
