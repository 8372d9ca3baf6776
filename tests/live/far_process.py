"""Another process with a bell and tapes of its own: told what to do by JSON lines, it says what it heard."""

from gevent import monkey

monkey.patch_all()

# ruff: noqa: E402  the patch comes first
import json
import sys
import time

import gevent
from gevent.fileobject import FileObjectThread
from sqlalchemy import create_engine

from chat.live.bell import Bell
from chat.live.relayed import open_bell
from chat.live.shared_tape import open_shared_tapes
from chat.live.tape import Tapes
from chat.store.sqlite import SqliteStore, prepare
from tests.live.patient_lines import be_patient


def open_all(database_url: str, redis_url: str | None, name: str) -> tuple[Bell, SqliteStore | None]:
    """Open the bell, and the store where the file carries the rings."""
    if redis_url or not database_url.startswith("sqlite"):
        return open_bell(database_url, redis_url), None
    bells: list[Bell] = []
    store = SqliteStore(
        prepare(create_engine(database_url)),
        lambda topics: bells[0].ring_here(topics),
        shared=True,
        ringer=lambda: name,
    )
    bells.append(open_bell(database_url, None, store))
    return bells[0], store


def main(database_url: str, redis_url: str, listens: str) -> None:
    be_patient()
    bell, _ = open_all(database_url, redis_url or None, "far")
    shared = open_shared_tapes(redis_url or None, Tapes(), bell)
    for _name, run in (*bell.rounds, *shared.rounds):
        gevent.spawn(run)
    while bell.deaf:
        gevent.sleep(0.01)
    say(ready=True)
    if listens:
        gevent.spawn(echo, bell)
    for line in FileObjectThread(sys.stdin.buffer):
        match json.loads(line):
            case {"cpu": _}:
                say(cpu=time.process_time())
            case {"read": [stream_id, epoch, start]}:
                found = shared.read(stream_id, epoch, start)
                say(read=None if found is None else found.decode())
            case {"ring": topics}:
                bell.ring(topics)


def echo(bell: Bell) -> None:
    """Say when which ping was heard, on the clock that all processes of this machine share."""
    with bell.listen("ping", "tape:s1") as ear:
        ear.take()
        while True:
            topics = ear.wait()
            say(heard=sorted(topics), at=time.monotonic())


def say(**words: object) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
