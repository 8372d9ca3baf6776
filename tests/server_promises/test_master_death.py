"""The master is killed and its workers live on for a moment: they leave in order, with all their text."""

import os
import signal
import sqlite3
from contextlib import closing

from tests.conftest import ServerFactory
from tests.person import Person
from tests.server import wait_for_end


def test_workers_whose_master_is_killed_hand_over_what_they_write(server_factory: ServerFactory) -> None:
    server = server_factory(CHAT_FLUSH_MS="60000", CHAT_CHUNK_BY="4096")
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask("Explain how it works.")
    driver = person.drive(asked.stream_id)
    driver.read_at_least(100)
    workers = server.workers
    os.kill(server.pid, signal.SIGKILL)
    seen = driver.read_all()
    wait_for_end(workers)
    with closing(sqlite3.connect(server.folder / "headwater.sqlite3")) as file:
        owner, text = file.execute("SELECT owner, text FROM streams").fetchone()
    assert owner is None, "the next server goes on with it at once"
    assert text.encode().startswith(seen)
    assert len(seen) >= 100
