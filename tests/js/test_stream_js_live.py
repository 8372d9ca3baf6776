"""static/stream.js against the real server: the line is pulled again and again, the server is killed."""

import json

import gevent
import psutil

from tests.browser.cable import Cable
from tests.js.node import ROOT, run_node
from tests.person import Person
from tests.scripted import Script
from tests.server_promises.waiting import until
from torture.database import Database

TEXT = "Grüße aus 日本 🎈, flow on. ﻿\u2028 " * 40


def test_every_way_of_reading_ends_with_the_stored_text_however_often_the_line_breaks(
    server_factory, upstream
):
    upstream.scripts["scripted"] = Script(text=TEXT, pace=80, slice=5)
    server = server_factory(OPENAI_BASE_URL=upstream.url, OPENAI_API_KEY="x", CHAT_MODEL="scripted")
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask()
    with Cable(server.port) as cable:
        reading = gevent.spawn(read, cable.url, asked.stream_id, person.token)
        for _ in range(12):
            gevent.sleep(0.35)
            cable.pull()
            gevent.sleep(0.05)
            cable.plug_in()
        readers = reading.get(timeout=60)
    for way, reader in readers.items():
        assert reader["text"] == TEXT, way
        assert (reader["status"], reader["length"]) == ("done", len(TEXT.encode())), way
        assert reader["prefix"], way
    assert upstream.count() == 1


def test_after_a_kill_readers_cut_back_to_what_is_stored_and_hear_of_the_interruption(
    server_factory, upstream
):
    upstream.scripts["scripted"] = Script(text=TEXT, pace=50)
    server = server_factory(
        OPENAI_BASE_URL=upstream.url,
        OPENAI_API_KEY="x",
        CHAT_MODEL="scripted",
        CHAT_FLUSH_MS="2000",
        CHAT_ON_INTERRUPT="mark",
    )
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask(chunk_by="paragraph")
    reading = gevent.spawn(read, server.url, asked.stream_id, person.token)
    gevent.sleep(3.5)
    server.kill()
    server.start()
    readers = reading.get(timeout=60)
    kept = person.state(asked.stream_id)
    assert kept["status"] == "interrupted"
    assert TEXT.startswith(kept["text"])
    for way, reader in readers.items():
        assert (reader["text"], reader["status"]) == (kept["text"], "interrupted"), way
    assert readers["viewer"]["prefix"]
    assert readers["viewer"]["rewinds"] == 0


def test_a_takeover_is_read_on_by_every_way_of_reading_to_the_whole_text(server_factory, upstream):
    upstream.scripts["scripted"] = Script(text=TEXT, pace=80, continues=True)
    server = server_factory(
        OPENAI_BASE_URL=upstream.url, OPENAI_API_KEY="x", CHAT_MODEL="scripted", WEB_CONCURRENCY="2"
    )
    server.wait_for_workers()
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask()
    reading = gevent.spawn(read, server.url, asked.stream_id, person.token)
    until(lambda: person.state(asked.stream_id)["next_offset"] > 200)
    [held] = Database(server.environment["DATABASE_URL"]).live()
    psutil.Process(held.pid).kill()
    for way, reader in reading.get(timeout=60).items():
        assert (reader["text"], reader["status"]) == (TEXT, "done"), way
        assert reader["prefix"], way


def read(base: str, stream_id: str, token: str) -> dict[str, dict[str, object]]:
    return dict(json.loads(run_node(ROOT / "tests/js/readers.mjs", base, stream_id, token)))
