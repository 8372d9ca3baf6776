"""A ring that is lost with its process: who reads looks by himself with the next heartbeat."""

from pathlib import Path

import gevent

from chat.core.frames import Slice
from chat.core.lifecycle import Status
from chat.live.follow import follow
from chat.store.streams import Batch
from chat.web.house import EXTENSION, House
from tests.server_promises.waiting import until
from tests.web.calls import opened_app

HEARTBEAT_S = 0.6


def test_what_nobody_rang_for_is_there_with_the_next_heartbeat(tmp_path: Path) -> None:
    with opened_app(tmp_path, heartbeat_s=HEARTBEAT_S) as app:
        house: House = app.extensions[EXTENSION]
        house.store.write(lambda tx: house.streams.create(tx, "s", chunk_by="word"))
        house.streams.claim("s", {Status.PENDING})
        reader = house.logs.reader("s", "stored")
        came: list[Slice] = []

        def read() -> None:
            with reader, house.bell.listen(*reader.topics) as ear:
                for frame in follow(reader, ear, 0, 1, HEARTBEAT_S, lambda rung: False):
                    if isinstance(frame, Slice):
                        came.append(frame)

        reading = gevent.spawn(read)
        gevent.sleep(HEARTBEAT_S / 2)
        house.streams.append([Batch("s", 1, 0, "rung for, ")])  # read in the middle between two beats
        until(lambda: len(came) == 1)
        house.store._store._ring = lambda topics: None
        house.streams.append([Batch("s", 1, 10, "not rung for")])
        until(lambda: len(came) == 2)
        reading.kill()


def test_whoever_asks_for_an_answer_whose_end_nobody_rang_for_is_given_all_of_it(tmp_path: Path) -> None:
    with opened_app(tmp_path) as app:
        house: House = app.extensions[EXTENSION]
        client = app.test_client()
        token = client.post("/api/session", json={"name": "Ada"}).get_json()["token"]
        ada = {"Authorization": f"Bearer {token}"}
        made = client.post("/api/streams", json={"prompt": "Well?"}, headers=ada).get_json()["stream_id"]
        house.streams.claim(made, {Status.PENDING})
        with house.logs.reader(made, "stored") as reader:
            house.streams.append([Batch(made, 1, 0, "So far, ")])
            reader.look()
            house.store._store._ring = lambda topics: None
            house.streams.close(made, 1, Status.DONE, text="So far, so good.")
            told = client.get(f"/api/streams/{made}", headers=ada).get_json()
    assert (told["status"], told["text"]) == ("done", "So far, so good.")
