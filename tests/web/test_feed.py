"""The feed of a conversation: what all of its readers in one process share."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gevent
import pytest

from chat.composition import fetch
from chat.core.lifecycle import Status
from chat.generation import clock
from chat.live.bell import LocalBell
from chat.live.logs import Logs
from chat.live.mirror import Mirrors
from chat.live.tape import Tapes
from chat.store.streams import Batch
from chat.web.feed import Feed
from tests.store.talk import Talk

VIEWERS = 50


class FarStore:
    """A store at which others get their turn while one reads, as they do at PostgreSQL; it counts."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.reads = 0

    def read(self, fn: Callable[..., Any]) -> Any:
        self.reads += 1
        gevent.sleep(0.01)
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
        asking = [gevent.spawn(feed.step, position, "stored") for _ in range(VIEWERS)]
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
