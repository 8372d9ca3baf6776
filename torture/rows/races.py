"""Races between two workers: many starts of one stream, stops against the end, equal sends."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
import gevent.pool
import requests

from tests.person import Person
from torture.answers import ask
from torture.ground import Ground, until
from torture.row import Row
from torture.tally import Tally

STARTS = 50
SENDS, MANY_SENDS = 10, 100  # equal ones; many in each tenth race
AT_ONCE = 4  # races
ENDS_S = 60.0  # no promise: by then a race is over on any machine
ENDS = ("done", "stopped", "error", "interrupted")


def torture(
    race: Callable[[Ground, Person, Tally, int], None], ground: Ground, tally: Tally, runs: int
) -> None:
    servers = [ground.server(2, **ground.addresses(database)) for database in ("sqlite", "postgresql")]
    people = [ground.person(server) for server in servers]
    pool = gevent.pool.Pool(AT_ONCE)
    for number in range(runs):
        pool.spawn(_noted, race, ground, people[number % len(people)], tally, number)
    pool.join()


def _noted(race: Callable[..., None], ground: Ground, person: Person, tally: Tally, number: int) -> None:
    """Run one race; one that fails to run is a broken promise."""
    try:
        race(ground, person, tally, number)
    except Exception as error:  # noqa: BLE001  it is told in the table
        tally.must(False, f"race {number} at {person.url}: {type(error).__name__}: {error}")
    tally.add("races")


def start_many(ground: Ground, person: Person, tally: Tally, number: int) -> None:
    """Start one stream many times at once: one generation, and everyone reads all of it."""
    answer = ask(ground, person, tokens=12, pace=200)
    drive = partial(person.drive, answer.stream_id)
    drivers = [gevent.spawn(lambda: _insist(drive).read_all()) for _ in range(STARTS)]
    gevent.joinall(drivers, timeout=ENDS_S)
    read = Counter(driver.value for driver in drivers)
    whole = answer.whole.encode()
    tally.must(
        set(read) == {whole}, f"{answer.stream_id}: read {[(k and len(k), n) for k, n in read.items()]}"
    )
    asked = ground.provider.count(answer.model)
    tally.must(asked == 1, f"{answer.stream_id}: the provider was asked {asked} times")
    epoch = person.state(answer.stream_id)["epoch"]
    tally.must(epoch == 1, f"{answer.stream_id}: epoch {epoch}")
    tally.add("starts", STARTS)


def stop_near_the_end(ground: Ground, person: Person, tally: Tally, number: int) -> None:
    """Stop an answer twice, somewhere between its start and its end: it is stopped, or it is done."""
    answer = ask(ground, person, tokens=30, pace=300)
    answer.read(drives=True)
    viewer = answer.read()
    ground.sleep(0, 0.25)
    stops = [gevent.spawn(person.stop, answer.stream_id) for _ in range(2)]
    gevent.joinall([*stops, *(reader.greenlet for reader in answer.readers)], timeout=ENDS_S)
    tally.must(
        all(stop.value is not None and stop.value.status_code == 202 for stop in stops),
        f"{answer.stream_id}: a stop was answered by {[stop.value for stop in stops]}",
    )
    state = person.state(answer.stream_id)
    told = {(reader.end or {}).get("status") for reader in answer.readers}
    tally.must(state["status"] in ("done", "stopped"), f"{answer.stream_id} is {state['status']}")
    tally.must(
        told == {state["status"]}, f"{answer.stream_id} is {state['status']}, readers were told {told}"
    )
    tally.must(
        state["status"] != "done" or state["text"] == answer.whole, f"{answer.stream_id}: done, not whole"
    )
    tally.must(answer.whole.startswith(state["text"]), f"{answer.stream_id}: other text than the provider's")
    asked = ground.provider.count(answer.model)
    tally.must(
        not asked or state["usage"] is not None, f"{answer.stream_id}: {state['status']}, without usage"
    )
    tally.must(viewer.data == state["text"].encode(), f"{answer.stream_id}: a viewer has other text")
    for reader in answer.readers:
        tally.broken += reader.broken
    tally.add(state["status"])


def send_equals(ground: Ground, person: Person, tally: Tally, number: int) -> None:
    """Send the same message many times at once: one message, one stream, and one 201."""
    conversation, model = person.converse(), ground.model()
    ground.provider.script(model, text="Once.")
    path = f"/api/conversations/{conversation}/messages"
    send = {"text": "Only once.", "client_id": "a retry", "model": model}
    count = SENDS if number % 10 else MANY_SENDS
    call = partial(person.call, "POST", path, send)
    sends = [gevent.spawn(_insist, call) for _ in range(count)]
    gevent.joinall(sends, timeout=ENDS_S)
    answers = [one.value for one in sends if one.value is not None]
    statuses = Counter(answer.status_code for answer in answers)
    tally.must(statuses == {201: 1, 200: count - 1}, f"{conversation}: {dict(statuses)}")
    replies = {_ids(answer.json()) for answer in answers if answer.ok}
    tally.must(len(replies) == 1, f"{conversation}: {len(replies)} replies")
    items = person.get(path)["items"]
    tally.must(len(items) == 2, f"{conversation}: {len(items)} messages")
    tally.add("sends", count)
    stream_id = items[-1]["stream_id"]
    person.drive(stream_id).read_all()
    until(lambda: person.state(stream_id)["status"] in ENDS, ENDS_S, "its end", every=0.1)
    tally.must(ground.provider.count(model) == 1, f"{conversation}: asked more than once")


def _insist(ask: Callable[[], Any]) -> Any:
    """Ask as clients do: again, where the server says that it is too crowded just now."""
    while True:
        answer = ask()
        status = answer.status_code if isinstance(answer, requests.Response) else answer.status
        if status != 503:
            return answer
        gevent.sleep(1)


def _ids(told: dict[str, Any]) -> tuple[str, str, str]:
    return told["message"]["id"], told["reply"]["id"], told["reply"]["stream_id"]


def _row(name: str, test: str, race: Callable[[Ground, Person, Tally, int], None], ci: int) -> Row:
    must = "one winner each"
    return Row(name, f"races: {test}, two workers", must, ci, 5 * ci, partial(torture, race))


ROWS = [  # 200 races, and 1,000
    _row("races-start", f"{STARTS} starts of one stream", start_many, 40),
    _row("races-stop", "stop against finish", stop_near_the_end, 100),
    _row("races-send", f"{SENDS} to {MANY_SENDS} equal sends", send_equals, 60),
]
