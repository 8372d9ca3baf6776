"""The feed of a conversation: what all of its readers in one process share."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event

from chat.composition import fetch
from chat.core.lifecycle import Status
from chat.generation import clock
from chat.live.bell import LocalBell
from chat.live.logs import Logs
from chat.live.mirror import Mirrors
from chat.live.tape import Tapes
from chat.store.citations import offer
from chat.store.streams import Batch
from chat.web import wire
from chat.web.feed import Feed
from tests.patience import PATIENCE_S
from tests.store.talk import Talk, stream_of
from tests.web.sourced import source

VIEWERS = 50


class FarStore:
    """A store at which all others ask while one reads, as they may at PostgreSQL; it counts."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.reads = 0
        self.all_have_asked = Event()

    def read(self, fn: Callable[..., Any]) -> Any:
        self.reads += 1
        assert self.all_have_asked.wait(PATIENCE_S)
        return self._talk.store.read(fn)


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with Talk(f"sqlite:///{tmp_path}/talk.sqlite3") as talk:
        yield talk


def test_readers_at_one_place_cost_one_read_however_many_they_are(talk: Talk) -> None:
    bell, store = LocalBell(), FarStore(talk)
    talk.store._ring = bell.ring
    logs = Logs(Tapes(), Mirrors(bell, partial(fetch, talk.streams), clock.monotonic, 15))
    feed = Feed(talk.cid, store, logs, bell, clock.monotonic, 15)

    def told_to_all(position: Any) -> Any:
        """Let all ask at once, as a ring makes them; give where they stand then."""
        store.reads = 0
        store.all_have_asked.clear()
        asking = [gevent.spawn(feed.step, position, "stored") for _ in range(VIEWERS)]
        gevent.spawn(store.all_have_asked.set)  # begins when all of them have
        gevent.joinall(asking, raise_error=True)
        assert len({id(one.value) for one in asking}) == 1
        return asking[0].value.position

    stream = talk.ask("Hello?").reply.stream_id
    talk.streams.claim(stream, {Status.PENDING})
    place = told_to_all(None)
    assert store.reads == 1
    talk.streams.append([Batch(stream, 1, 0, "One sentence. ")])
    assert told_to_all(place).offset == len("One sentence. ")
    assert store.reads == 1
    feed.close()


@pytest.mark.parametrize("is_followed", [True, False])
def test_the_end_of_an_answer_brings_what_it_cites(talk: Talk, is_followed: bool) -> None:
    bell = LocalBell()
    talk.store._ring = bell.ring
    logs = Logs(Tapes(), Mirrors(bell, partial(fetch, talk.streams), clock.monotonic, 15))
    feed = Feed(talk.cid, talk.store, logs, bell, clock.monotonic, 15)
    before = feed.step(None, "stored").position
    asked = talk.ask("When does it end?")
    epoch = talk.stream(asked)
    sources = [source(1, text="It ends in May."), source(2, text="Fees remain due.")]
    talk.write(offer, stream_of(asked), epoch, sources, 0)
    if is_followed:
        before = feed.step(before, "stored").position
    talk.end(asked, epoch, Status.DONE, "It ends in May [1].")
    told = [wire.told_event(one.frame) for one in feed.step(before, "stored").told]
    ((cited,),) = [data["citations"] for event, data in told if event == "end"]
    assert (cited["number"], cited["quote"]) == (1, [0, len("It ends in May.")])
    assert all("citations" not in data for event, data in told if event == "chunk")
    feed.close()
