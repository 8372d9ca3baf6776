"""Stopping an answer from another greenlet: at once, whatever it waits for, and the line is cut."""

import socket
import time
from collections.abc import Iterator

import gevent
import pytest

from chat.generation.providers.types import Aborted, Answer, Delta, Finished, Item, Patience
from tests.generation.providers.conftest import MakeProvider, eventually, hear, question
from tests.patience import PATIENCE_S
from tests.upstream import Upstream

AT_ONCE_S = 10.0  # some 2 ms, where nothing else runs; who is not stopped waits as long as it is patient


class Listening:
    """A greenlet that listens to an answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.items: list[Item] = []
        self.aborted_at: float | None = None
        self.greenlet = gevent.spawn(self._listen)

    def _listen(self) -> None:
        try:
            for item in self.answer:
                self.items.append(item)
        except Aborted:
            self.aborted_at = time.monotonic()

    def stop(self) -> float:
        """Close the answer; say how long the listener took to notice."""
        began = time.monotonic()
        self.answer.close()
        self.greenlet.join(timeout=PATIENCE_S)
        assert self.aborted_at is not None
        return self.aborted_at - began


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A server whose queue of connections is full: connecting to it takes for ever."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("model", ["stall", "silent", "no-headers", "comments", "plain;pace=20;tokens=500"])
def test_a_stop_ends_the_wait_and_cuts_the_line(
    model: str, upstream: Upstream, make_provider: MakeProvider
) -> None:
    listening = Listening(make_provider().open(question(model)))
    assert eventually(lambda: upstream.count())
    assert listening.stop() < AT_ONCE_S
    assert eventually(lambda: not upstream.log[0].open)
    assert not upstream.log[0].complete


def test_a_stop_keeps_what_had_come(make_provider: MakeProvider) -> None:
    listening = Listening(make_provider().open(question("stall")))
    assert eventually(lambda: any(isinstance(item, Delta) for item in listening.items))
    listening.stop()
    assert any(isinstance(item, Delta) for item in listening.items)


def test_a_stop_while_it_connects(black_hole: str, make_provider: MakeProvider) -> None:
    listening = Listening(make_provider(address=black_hole).open(question()))
    gevent.sleep(0.2)
    assert listening.stop() < AT_ONCE_S


def test_a_stop_between_two_tries(upstream: Upstream, make_provider: MakeProvider) -> None:
    provider = make_provider(sleep=gevent.sleep)
    listening = Listening(provider.open(question("x;statuses=429,429;retry_after=20")))
    assert eventually(lambda: upstream.count())
    assert listening.stop() < AT_ONCE_S


def test_a_stop_before_the_first_next_asks_nobody(upstream: Upstream, make_provider: MakeProvider) -> None:
    answer = make_provider().open(question())
    answer.close()
    with pytest.raises(Aborted):
        next(answer)
    assert upstream.connections == 0


def test_a_stop_by_the_listener_itself(upstream: Upstream, make_provider: MakeProvider) -> None:
    answer = make_provider().open(question("plain;pace=20;tokens=500"))
    next(answer)
    answer.close()
    answer.close()
    with pytest.raises(Aborted):
        next(answer)
    assert eventually(lambda: not upstream.log[0].open)


def test_a_killed_listener_leaves_no_line_behind(upstream: Upstream, make_provider: MakeProvider) -> None:
    listening = Listening(make_provider().open(question("stall")))
    assert eventually(lambda: upstream.count())
    listening.greenlet.kill()
    assert eventually(lambda: not upstream.log[0].open)


def test_closing_after_the_end_is_harmless(upstream: Upstream, make_provider: MakeProvider) -> None:
    provider = make_provider()
    first, second = provider.open(question()), provider.open(question("held"))
    assert hear(first).finish == "stop"
    assert eventually(lambda: not upstream.log[0].open)
    upstream.hold(20, "held")
    speaking = Listening(second)  # on the line that the first gave back
    assert eventually(lambda: len(speaking.items) > 0)
    first.close()
    upstream.let_go("held")
    speaking.greenlet.get(timeout=PATIENCE_S)
    assert isinstance(speaking.items[-1], Finished)
    assert upstream.connections == 1


def test_a_slow_listener_is_not_taken_for_a_silent_server(
    upstream: Upstream, make_provider: MakeProvider
) -> None:
    now = [0.0]  # goes on where the test says so: how fast the machine is counts for nothing
    brief = Patience(connect_s=PATIENCE_S, first_token_s=0.1, idle_s=0.1, settle_s=0.1)
    provider = make_provider(now=lambda: now[0], patience=brief)
    upstream.hold(20, "held")
    items = []
    for item in provider.open(question("held")):
        if not items:
            now[0] = 100.0
            gevent.sleep(0.5)  # the watch looks, and finds nobody silent
            upstream.let_go("held")
        items.append(item)
    assert len(items) > 1
    assert isinstance(items[-1], Finished)
