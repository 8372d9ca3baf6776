"""static/stream.js against the real server: the line is pulled again and again, the server is killed."""

import json

import gevent
import psutil
import pytest

from tests.browser.cable import Cable
from tests.conftest import show_if_it_fails
from tests.js.node import ROOT, run_node
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.scripted import Script
from tests.server import RealServer
from tests.server_promises.waiting import until
from tests.upstream import Upstream
from torture.database import Database

TEXT = "Grüße aus 日本 🎈, flow on. ﻿\u2028 " * 40


STEP = 150  # characters that the provider says between two cuts
LINES = 6  # of a cable: three ways of reading, and each line has two ends


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """A server, and the provider behind it."""
    with Upstream() as upstream:
        model = {"OPENAI_BASE_URL": upstream.url, "OPENAI_API_KEY": "x", "CHAT_MODEL": "scripted"}
        server = RealServer(tmp_path_factory.mktemp("server"), WEB_CONCURRENCY="2", **model).start()
        server.wait_for_workers()
        yield server, upstream
        server.kill()


@pytest.fixture
def flowing(request, two_workers):
    """That server, whose provider says its first words and holds the rest."""
    server, upstream = two_workers
    show_if_it_fails(request, server)
    upstream.log.clear()
    upstream.scripts["scripted"] = Script(text=TEXT, slice=5, continues=True)
    upstream.hold(STEP)
    return server, upstream


def test_every_way_of_reading_ends_with_the_stored_text_however_often_the_line_breaks(flowing):
    server, upstream = flowing
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask()
    with Cable(server.port) as cable:
        reading = gevent.spawn(read, cable.url, asked.stream_id, person.token)
        for step in range(1, 7):
            until(lambda: len(cable.lines) == LINES)
            until(lambda said=step * STEP - 9: len(person.state(asked.stream_id)["text"]) >= said)
            cable.pull()
            until(lambda: not cable.lines)  # or the next look would take the old ones for new
            upstream.hold((step + 1) * STEP)  # which they miss
            cable.plug_in()
        upstream.let_go()
        readers = reading.get(timeout=PATIENCE_S)
    for way, reader in readers.items():
        assert reader["text"] == TEXT, way
        assert (reader["status"], reader["length"]) == ("done", len(TEXT.encode())), way
        assert reader["prefix"], way
    assert upstream.count() == 1


def test_a_takeover_is_read_on_by_every_way_of_reading_to_the_whole_text(flowing):
    server, upstream = flowing
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask()
    reading = gevent.spawn(read, server.url, asked.stream_id, person.token)
    until(lambda: person.state(asked.stream_id)["next_offset"] > STEP / 2)
    [held] = Database(server.environment["DATABASE_URL"]).live()
    psutil.Process(held.pid).kill()
    upstream.let_go()
    for way, reader in reading.get(timeout=PATIENCE_S).items():
        assert (reader["text"], reader["status"]) == (TEXT, "done"), way
        assert reader["prefix"], way


def test_after_a_kill_readers_cut_back_to_what_is_stored_and_hear_of_the_interruption(
    server_factory, upstream
):
    upstream.scripts["scripted"] = Script(text=TEXT)
    upstream.hold(2 * STEP)
    server = server_factory(
        OPENAI_BASE_URL=upstream.url,
        OPENAI_API_KEY="x",
        CHAT_MODEL="scripted",
        CHAT_FLUSH_MS="60000",
        CHAT_ON_INTERRUPT="mark",
    )
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask(chunk_by=STEP)  # bytes: some parts are stored, and what comes after them is not
    with Cable(server.port) as cable:
        reading = gevent.spawn(read, cable.url, asked.stream_id, person.token)
        until(lambda: len(cable.lines) == LINES)
        ahead = person.follow(asked.stream_id, pace="delta")
        come = ""
        while len(come) < 2 * STEP - 9:
            come += ahead.until("chunk", "delta").data["text"]
        until(lambda: person.state(asked.stream_id)["next_offset"])
        server.kill()
        server.start()
        readers = reading.get(timeout=PATIENCE_S)
    kept = person.state(asked.stream_id)
    assert kept["status"] == "interrupted"
    assert come.startswith(kept["text"])
    assert len(kept["text"]) < len(come)
    for way, reader in readers.items():
        assert (reader["text"], reader["status"]) == (kept["text"], "interrupted"), way
    assert readers["viewer"]["prefix"]
    assert readers["viewer"]["rewinds"] == 0


def read(base: str, stream_id: str, token: str) -> dict[str, dict[str, object]]:
    """Read in every way; how long that may take, the test says, which lets the provider go on."""
    reader = ROOT / "tests/js/readers.mjs"
    return dict(json.loads(run_node(reader, base, stream_id, token, timeout=5 * PATIENCE_S)))
