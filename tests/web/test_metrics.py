"""Metrics: shown to who has the token, true, and of all workers together."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from chat.core.tally import BYTES, Spread
from chat.store import documents
from chat.store.documents import Allowed
from chat.store.people import Person as Somebody
from tests.conftest import ServerFactory
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.server import ROOT, wait_for_end
from tests.server_promises.waiting import until
from tests.upstream import Upstream
from tests.web.calls import Api, opened_app

TOKEN = "let me see"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Api]:
    """An app whose metrics may be seen."""
    with opened_app(tmp_path, metrics_token=TOKEN) as app:
        yield Api(app)


def page(api: Api, token: str | None = TOKEN) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = api.app.test_client().get("/metrics", headers=headers)
    return answer.status_code, answer.text


def figure(text: str, name: str) -> float:
    found = figure_so_far(text, name)
    assert found is not None, f"no headwater_{name} in\n{text}"
    return found


def figure_so_far(text: str, name: str) -> float | None:
    """Give a figure that is not there before there was anything to count."""
    found = re.search(rf"^headwater_{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def test_without_a_token_set_there_is_no_such_page(api: Api) -> None:
    assert page(api)[0] == 404


def test_only_the_token_opens_it(watched: Api) -> None:
    assert [page(watched, token)[0] for token in (None, "", "let me sea", "lét me see")] == [401] * 4
    assert page(watched)[0] == 200


def test_the_streams_of_the_database_are_counted_by_state(watched: Api) -> None:
    asked = watched.ask(watched.begin())
    assert figure(page(watched)[1], 'streams{state="pending"}') == 1
    watched.answer(asked)
    text = page(watched)[1]
    assert figure(text, 'streams{state="pending"}') == 0
    assert figure(text, 'streams{state="streaming"}') == 0


def test_documents_are_counted_until_they_are_read(watched: Api) -> None:
    house = watched.house
    row = {"owner": Somebody("ada", "Ada"), "conversation_id": None, "name": "a", "kind": "text", "size": 1}
    begun = house.store.write(lambda tx: documents.begin(tx, now=1.0, limits=Allowed(), **row))
    assert figure(page(watched)[1], 'documents{state="arriving"}') == 1
    house.store.write(lambda tx: documents.arrived(tx, begun.id, 1.0))
    text = page(watched)[1]
    assert figure(text, 'documents{state="waiting"}') == 1
    assert figure(text, 'documents{state="arriving"}') == 0
    house.tally.documents_read["ready"] += 2
    house.tally.document_s.add(0.3)
    text = page(watched)[1]
    assert figure(text, 'documents_read_total{status="ready"}') == 2
    assert figure(text, "document_seconds_count") == 1


def test_counting_them_reads_the_index_of_the_live_ones_alone(watched: Api) -> None:
    plan = watched.house.store.read(
        lambda conn: conn.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT status, count(*) FROM streams"
            " WHERE status IN ('pending', 'streaming') GROUP BY status"
        ).all()
    )
    assert "ix_streams_unfinished" in str(plan)


def test_a_second_scrape_counts_nothing_twice(watched: Api) -> None:
    tally = watched.house.tally
    tally.deltas += 3
    tally.ended["done"] += 2
    tally.flush_bytes.add(300)
    for _ in range(2):
        text = page(watched)[1]
        assert figure(text, "deltas_total") == 3
        assert figure(text, 'answers_ended_total{status="done"}') == 2
        assert figure(text, "flush_size_bytes_count") == 1
        assert figure(text, "flush_size_bytes_sum") == 300
        assert figure(text, 'flush_size_bytes_bucket{le="256.0"}') == 0
        assert figure(text, 'flush_size_bytes_bucket{le="1024.0"}') == 1


@pytest.mark.parametrize("value", [0.0, 256.0, 257.0, 1e9])
def test_a_spread_counts_as_prometheus_does(value: float) -> None:
    spread = Spread(BYTES)
    spread.add(value)
    at = spread.counts.index(1)
    assert at == len(BYTES) or value <= BYTES[at]
    assert at == 0 or value > BYTES[at - 1]


def test_a_real_server_tells_of_readers_and_text(server_factory: ServerFactory, upstream: Upstream) -> None:
    server = server_factory(CHAT_METRICS_TOKEN=TOKEN, OPENAI_BASE_URL=upstream.url)

    def text() -> str:
        answer = requests.get(
            f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE_S
        )
        assert answer.status_code == 200
        return answer.text

    assert figure(text(), 'readers{kind="driver"}') == 0
    person = Person.sign_in(server.url)
    model = "steady;pace=100"
    upstream.hold(100, model)
    asked = person.ask(model=model)
    driver = person.drive_events(asked.stream_id)
    until(lambda: figure(text(), 'readers{kind="driver"}') == 1)
    until(lambda: figure(text(), "generations") == 1)
    upstream.let_go(model)
    frames = list(driver)
    assert frames[-1].data["status"] == "done"
    until(lambda: figure(text(), 'readers{kind="driver"}') == 0)
    until(lambda: figure_so_far(text(), 'answers_ended_total{status="done"}') == 1)
    until(lambda: figure(text(), "loop_delay_seconds_count") > 0)
    now = text()
    assert figure(now, "delta_bytes_total") == frames[-1].data["offset"]
    assert figure(now, "deltas_total") > 3
    assert figure(now, "commit_seconds_count") > 0
    assert figure(now, "deaf_processes") == 0


def test_any_worker_tells_of_all(server_factory: ServerFactory) -> None:
    server = server_factory(CHAT_METRICS_TOKEN=TOKEN, WEB_CONCURRENCY="2")
    server.wait_for_workers()

    def text() -> str:
        headers = {"Authorization": f"Bearer {TOKEN}", "Connection": "close"}
        return requests.get(f"{server.url}/metrics", headers=headers, timeout=PATIENCE_S).text

    person = Person.sign_in(server.url)
    ends = [list(person.drive_events(person.ask().stream_id))[-1].data for _ in range(4)]
    written = sum(end["offset"] for end in ends)

    def is_told_whole() -> bool:
        now = text()
        ended = figure_so_far(now, 'answers_ended_total{status="done"}')
        return (figure(now, "delta_bytes_total"), ended) == (written, 4)

    until(is_told_whole)
    for _ in range(8):  # whichever of the two answers
        now = text()
        assert figure(now, 'answers_ended_total{status="done"}') == 4
        assert figure(now, "delta_bytes_total") == written
        assert figure(now, "draining_processes") == 0
    dead = server.workers[0]
    dead.kill()
    wait_for_end([dead])
    server.wait_for_workers()
    until(lambda: figure(text(), 'readers{kind="driver"}') == 0)
    assert figure(text(), "delta_bytes_total") == written, "what a dead worker counted stays"


def test_every_figure_is_explained_in_the_docs(watched: Api) -> None:
    watched.house.tally.ended["done"] += 1
    shown = set(re.findall(r"^# TYPE (headwater_\w+)", page(watched)[1], re.MULTILINE))
    explained = set(re.findall(r"`(headwater_\w+)", (ROOT / "docs" / "deploy.md").read_text()))
    assert {name for name in shown if not name.endswith("_created")} == explained


def test_how_long_viewers_wait_is_measured_and_a_newcomer_is_not(server_factory: ServerFactory) -> None:
    server = server_factory(CHAT_METRICS_TOKEN=TOKEN)

    def text() -> str:
        return requests.get(
            f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE_S
        ).text

    person = Person.sign_in(server.url)
    conversation = person.converse()
    viewer = person.events(f"/api/conversations/{conversation}")
    viewer.next()
    until(lambda: figure(text(), 'readers{kind="viewer"}') == 1)
    assert figure(text(), "viewer_lag_seconds_count") == 0, "what it catches up with is old, not late"
    began = time.monotonic()
    list(person.drive_events(person.ask(conversation=conversation).stream_id))
    until(lambda: figure(text(), "viewer_lag_seconds_count") > 3)
    told = text()
    longest = figure(told, "viewer_lag_seconds_count") * (time.monotonic() - began)
    assert 0 < figure(told, "viewer_lag_seconds_sum") < longest, "no change is older than the question"
    viewer.response.close()
    until(lambda: figure(text(), 'readers{kind="viewer"}') == 0)
