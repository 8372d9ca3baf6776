"""A worker is paused beyond its lease and wakes (SIGSTOP, SIGCONT): it changes nothing any more."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import gevent
import psutil

from tests.person import Person
from tests.reading import Event
from tests.server import RealServer
from torture.answers import VIEWERS, Answer, ask, check, wait_for_ends
from torture.database import Held
from torture.ground import Ground, TooLate, until
from torture.reader import Reader
from torture.row import Row
from torture.tally import Tally
from torture.texts import numbered

STREAMS = 6
LEASE_S = 2  # shorter than the default (6): only to save time
TOKENS, PACE = 300, 100.0
MORE_TOKENS = 120  # after a takeover
TAKEOVER_S = LEASE_S + 5 + 3  # a lease; what PostgreSQL gives a transaction that stands still; a busy machine
TOLD_S = 5.0  # after the waking
SETTLED_S = 0.2  # for PostgreSQL to do what it was told before the pause


class TwoFacedReader(Reader):
    """What the provider says after a takeover differs: no text of a zombie can be taken for the right one."""

    again = ""

    def _take(self, event: Event) -> None:
        if self.again and event.data.get("epoch", 0) > 1:
            self.whole = self.again.encode()
        super()._take(event)


@dataclass
class Pause:
    """One worker that stands still, and the answers that it held."""

    worker: psutil.Process
    answers: list[Answer]
    held: dict[str, Held]
    taken: list[Answer] = field(default_factory=list)  # by others, meanwhile
    locked: bool = False  # it stood still in the middle of an SQLite commit, and nobody could write


def torture(database: str, ground: Ground, tally: Tally, runs: int) -> None:
    server = ground.server(2, CHAT_LEASE_S=str(LEASE_S), **ground.addresses(database))
    for _ in range(runs):
        server.wait_for_workers()
        _pause_once(ground, server, tally)


def _pause_once(ground: Ground, server: RealServer, tally: Tally) -> None:
    ground.provider.forget()
    person, look = ground.person(server), ground.database(server)
    answers = [_ask(ground, person) for _ in range(STREAMS)]
    texts = {answer.stream_id: gevent.spawn(_read_text, person, answer) for answer in answers[:2]}
    until(lambda: len(look.live()) == STREAMS, 8, "all answers have begun")
    ground.sleep(0.1, 1.0)
    for answer in answers:
        answer.acknowledge()
    worker = ground.chance.choice([one for one in server.ready_workers if _holds(one, look.live())])
    worker.suspend()
    try:
        held = {one.stream_id: one for one in look.live() if one.pid == worker.pid}
        pause = Pause(worker, [one for one in answers if one.stream_id in held], held)
        gevent.sleep(SETTLED_S)
        for answer in pause.answers:
            _change_the_rest(ground, answer)
        _wait_for_takeover(ground, server, tally, pause)
        ground.sleep(0, 0.5)
    finally:
        worker.resume()
    tally.add("pauses")
    if pause.taken:
        _ask_the_woken(ground, server, tally, pause)
    wait_for_ends(answers, tally)
    gevent.joinall(list(texts.values()), timeout=TOLD_S)
    for answer in answers:
        told = texts.get(answer.stream_id)
        if told is not None:
            tally.must(told.successful(), f"{answer.stream_id}: its text/plain body did not end")
        asked = ground.provider.requests_for(answer.model)
        check(answer, tally, asked, ["done"])
        expected = {1, 2} if pause.locked else {1 + (answer in pause.taken)}
        tally.must(len(asked) in expected, f"{answer.stream_id}: asked {len(asked)} times")
    tally.must(worker.is_running() and worker in server.ready_workers, "the woken worker is gone")


def _holds(worker: psutil.Process, live: list[Held]) -> bool:
    return any(one.pid == worker.pid for one in live)


def _ask(ground: Ground, person: Person) -> Answer:
    answer = ask(ground, person, tokens=TOKENS, pace=PACE)
    ground.provider.script(answer.model, text=answer.whole, pace=PACE, continues=True)  # without haste
    for number in range(1 + VIEWERS):
        reader = TwoFacedReader(person, answer.stream_id, answer.whole.encode(), drives=number == 0)
        answer.readers.append(reader)
        reader.start()
    return answer


def _read_text(person: Person, answer: Answer) -> None:
    """Read it as plain text beside its driver; such a body ends with a takeover, whatever its process did."""
    with person.drive(answer.stream_id) as response:
        response.read_all()


def _change_the_rest(ground: Ground, answer: Answer) -> None:
    """From what is stored now, let the provider go on with another text than before."""
    stored = str(answer.person.state(answer.stream_id)["text"])
    _script(ground, answer, stored + numbered(f"again-{answer.model}", MORE_TOKENS))


def _script(ground: Ground, answer: Answer, again: str) -> None:
    ground.provider.script(answer.model, text=again, pace=PACE, continues=True)
    for reader in answer.readers:
        assert isinstance(reader, TwoFacedReader)
        reader.again = again


def _wait_for_takeover(ground: Ground, server: RealServer, tally: Tally, pause: Pause) -> None:
    """Until others hold what it held; who was paused in the middle of an SQLite commit keeps all waiting."""
    look, began = ground.database(server), time.monotonic()

    def all_taken() -> bool:
        now = {one.stream_id: one.epoch for one in look.streams()}
        return all(now[one.stream_id] > one.epoch for one in pause.held.values())

    try:
        until(all_taken, TAKEOVER_S, "all that it held is taken over")
    except TooLate as late:
        locked = _is_locked(server)
        tally.must(locked, f"{late}, and no lock was in the way")
        tally.add("paused in a commit", locked)
        pause.locked = locked
        for answer in pause.answers:  # it is the first to write when it wakes
            _script(ground, answer, answer.whole)
        return
    tally.worst("worst takeover ms", (time.monotonic() - began) * 1000)
    tally.add("takeovers", len(pause.held))
    pause.taken = pause.answers
    for answer in pause.taken:
        answer.whole = answer.readers[0].again  # type: ignore[attr-defined]


def _is_locked(server: RealServer) -> bool:
    url = urlsplit(server.environment["DATABASE_URL"])
    if url.scheme != "sqlite":
        return False
    with closing(sqlite3.connect(url.path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def _ask_the_woken(ground: Ground, server: RealServer, tally: Tally, pause: Pause) -> None:
    """While all others stand still, the woken worker alone is asked for what others wrote since."""
    others = [one for one in server.ready_workers if one.pid != pause.worker.pid]
    answer = ground.chance.choice(pause.taken)
    kept = ground.provider.requests_for(answer.model)[1].kept.encode()
    for other in others:
        other.suspend()
    try:
        read = answer.person.open(f"/api/streams/{answer.stream_id}?offset={len(kept)}&epoch=2")
        body = read.read_all().decode()
        events = answer.person.drive_events(answer.stream_id, offset=len(kept), epoch=2)
    finally:
        for other in others:
            other.resume()
    name, epoch = f"{answer.stream_id} at the woken worker", read.headers.get("stream-epoch")
    tally.must((read.status, epoch) == (200, "2"), f"{name}: {read.status}, epoch {epoch}, {body[:200]}")
    tally.must(events.response.status == 200, f"{name}: driving it again gives {events.response.status}")
    with events.response:
        event = events.until("delta", "chunk", "end", "rewind")
    place = (event.name, event.data["epoch"], event.data["offset"])
    right = place == ("delta", 2, len(kept)) and answer.whole.encode().startswith(
        kept + event.data["text"].encode()
    )
    tally.must(right, f"{name}: driving it again from {len(kept)} begins with {place}")
    tally.add("asked the woken worker")


def _row(name: str, database: str) -> Row:
    return Row(
        name,
        f"SIGSTOP of a worker beyond its lease ({LEASE_S} s here), SIGCONT, {STREAMS} streams, {database}",
        "0 late writes; its own drivers are told; it lives on",
        ci=5,
        long=25,
        torture=partial(torture, database),
    )


ROWS = [_row("zombies-sqlite", "sqlite"), _row("zombies-postgresql", "postgresql")]
