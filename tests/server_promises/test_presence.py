"""Presence and the ends of rights across two workers: who is here, who has gone, who may no more."""

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gevent
import psutil
import pytest

from tests.conftest import show_if_it_fails
from tests.person import Person
from tests.reading import LineClosed, SseReader
from tests.server import RealServer
from tests.server_promises.waiting import until
from tests.upstream import Upstream

WITHIN_S = 30.0  # who may no more is cut: a second is promised where nothing else runs; unrung: a minute
WHILE_S = 6  # for which a link is good: time enough to open its lines
LINES = 12  # of each kind: enough that both workers have some


@pytest.fixture(scope="module")
def standing_two(
    tmp_path_factory: pytest.TempPathFactory, standing_upstream: Upstream
) -> Iterator[RealServer]:
    """A server of two workers, one of which a test kills."""
    server = RealServer(
        tmp_path_factory.mktemp("two"),
        OPENAI_BASE_URL=standing_upstream.url,
        OPENAI_API_KEY="scripted",
        CHAT_MODEL="scripted",
        CHAT_SESSION_RATE="0",
        WEB_CONCURRENCY="2",
    )
    yield server.start()
    server.kill()


@pytest.fixture
def two(request: pytest.FixtureRequest, standing_two: RealServer) -> RealServer:
    """That server, both workers of which answer."""
    show_if_it_fails(request, standing_two)
    standing_two.wait_for_workers()
    return standing_two


class Room:
    """A conversation of Ada's at this server, with Ben as a co-driver and a link."""

    def __init__(self, server: RealServer) -> None:
        self.server = server
        self.ada, self.ben = Person.sign_in(server.url, "Ada"), Person.sign_in(server.url, "Ben")
        self.cid = self.ada.converse(title="Rivers")
        self.path = f"/api/conversations/{self.cid}"
        token = self.made("/invitations", {"role": "co-driver"})["token"]
        assert self.ben.call("POST", "/api/invitations/accept", {"token": token}).status_code == 200

    def made(self, what: str, body: Any) -> dict[str, Any]:
        answer = self.ada.call("POST", self.path + what, body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def reader(self, **body: Any) -> Person:
        """Make the link anew; gives somebody who has it."""
        return Person(self.server.url, self.made("/share", body)["token"])

    def says(self, who: Person) -> dict[str, Any]:
        """Ask who is here, over a line that is opened for that."""
        with closing(who.events(self.path)) as events:
            return dict(events.until("presence").data)


def wait_for(events: SseReader, viewers: int, *drivers: str) -> dict[str, Any]:
    """Read until so many are said to watch, and these to drive."""
    while True:
        said = events.until("presence").data
        if said["viewers"] == viewers and [one["name"] for one in said["drivers"]] == list(drivers):
            return dict(said)


def test_everybody_sees_who_watches_and_who_asks_whichever_worker_serves_them(two: RealServer) -> None:
    room = Room(two)
    link = room.reader()
    readers = [who.events(room.path) for who in (room.ada, room.ben, room.ada, room.ben, link, link)]
    for events in readers:
        said = wait_for(events, 4)
        named = [one["name"] for one in said.get("people", [])]
        assert named == ([] if events in readers[4:] else ["Ada", "Ben"])
    asked = room.ben.ask("Where from?", room.cid, model="stall")
    with room.ben.drive(asked.stream_id):
        for events in readers:
            wait_for(events, 3, "Ben")
    room.ben.stop(asked.stream_id)
    for events in readers:
        wait_for(events, 4)
    for events in readers[1:]:
        events.close()
    wait_for(readers[0], 1)


def test_who_read_through_a_worker_that_is_killed_is_gone_from_everywhere(two: RealServer) -> None:
    room = Room(two)
    link = room.reader()
    watchers = [link.events(room.path) for _ in range(LINES)]
    for watcher in watchers:
        watcher.until("presence")
    until(lambda: room.says(room.ada)["viewers"] == LINES + 1)
    victim = max(two.ready_workers, key=lambda one: lines_of(one, two.port))
    held = lines_of(victim, two.port)
    assert held > 0
    victim.send_signal(signal.SIGKILL)
    until(lambda: counted(room) == LINES + 1 - held)
    for watcher in watchers:
        watcher.close()
    until(lambda: counted(room) == 1)


def lines_of(worker: psutil.Process, port: int) -> int:
    """Count the connections that a worker serves."""
    return sum(one.status == "ESTABLISHED" and one.laddr.port == port for one in worker.net_connections())


def counted(room: Room) -> int | None:
    """Count who is there, the one who asks too; None where the killed worker would have had to say it."""
    try:
        return int(room.says(room.ada)["viewers"])
    except (OSError, LineClosed, AssertionError):
        return None


def test_all_readers_of_a_link_are_cut_within_a_second_when_it_is_taken_back(two: RealServer) -> None:
    room = Room(two)
    link = room.reader()
    watchers = [link.events(room.path) for _ in range(LINES)]
    mine = room.ben.events(room.path)
    for watcher in (*watchers, mine):
        watcher.until("presence")
    began = time.monotonic()
    assert room.ada.call("DELETE", f"{room.path}/share").status_code == 204
    for watcher in watchers:
        watcher.until("close")
    assert time.monotonic() - began < WITHIN_S
    wait_for(mine, 1)
    assert link.call("GET", room.path).status_code == 401


def test_readers_of_a_link_for_a_while_are_cut_when_it_is_over(two: RealServer) -> None:
    room = Room(two)
    before = time.monotonic()
    link = room.reader(expires_in=WHILE_S)
    made = time.monotonic()
    opening = gevent.joinall([gevent.spawn(link.events, room.path) for _ in range(LINES)], raise_error=True)
    watchers = [one.value for one in opening]
    if time.monotonic() - before > WHILE_S:  # we stood still, and some came when it was over
        watchers = [one for one in watchers if one.response.status == 200]
    assert watchers
    for watcher in watchers:
        watcher.until("close")
        assert time.monotonic() - before > WHILE_S, "it was cut too soon"
    assert time.monotonic() - made < WHILE_S + WITHIN_S


def test_a_member_who_may_no_more_is_cut_and_one_who_may_less_cannot_ask(two: RealServer) -> None:
    room = Room(two)
    lines = [room.ben.events(room.path) for _ in range(4)]
    for line in lines:
        line.until("presence")
    ben = f"{room.path}/members/{room.ben.person['id']}"  # type: ignore[index]
    asked = room.ben.ask("Where from?", room.cid, model="stall")
    with room.ben.drive(asked.stream_id) as driving:
        assert room.ada.call("PATCH", ben, {"role": "viewer"}).status_code == 200
        began = time.monotonic()
        driving.read_all()  # it was only for who may ask
        assert time.monotonic() - began < WITHIN_S
    assert room.ben.call("POST", f"{room.path}/messages", {"text": "x"}).status_code == 403
    assert room.ada.state(asked.stream_id)["status"] == "streaming", "a right that goes is no stop"
    began = time.monotonic()
    assert room.ada.call("DELETE", ben).status_code == 204
    for line in lines:
        line.until("close")
    assert time.monotonic() - began < WITHIN_S
    assert room.ben.call("GET", room.path).status_code == 404
    room.ada.stop(asked.stream_id)


def test_a_stream_that_stands_alone_has_no_presence(two: RealServer) -> None:
    ada = Person.sign_in(two.url, "Ada")
    made = ada.call("POST", "/api/streams", {"prompt": "Hello", "model": "prose;tokens=5"}).json()
    events = ada.follow(made["stream_id"])
    with ada.drive(made["stream_id"]) as driving:
        driving.read_all()
    events.until("end")
    assert {event.name for event in events.events} <= {"chunk", "end", "ping"}
