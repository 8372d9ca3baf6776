"""Any disconnect and return, at any byte, by any route, any number of times: the same bytes, once."""

import json
import random
from collections.abc import Callable

import pytest

from tests.person import Person
from tests.reading import Copy, SseReader
from tests.scripted import answer_of, read_script
from tests.server_promises.waiting import whole_characters
from tests.upstream import Upstream

MODEL = "long;tokens=420;pace=300"
AHEAD = 400  # characters that the provider may be ahead of who reads: nobody gets all of it in a visit or two
WHOLE = answer_of(read_script(MODEL))


def by_plain_text(person: Person, stream_id: str, copy: Copy, leave_after: int) -> None:
    """Drive for the text; bytes that are half a character are not ours yet."""
    place = {"offset": len(copy.data), "epoch": copy.epoch} if copy.data else {}
    with person.drive(stream_id, **place) as line:
        if line.status == 409:
            return cut(copy, line.read_all())
        assert line.headers["stream-offset"] == str(len(copy.data))
        copy.data += whole_characters(line.read_at_least(leave_after))
        copy.epoch = int(line.headers["stream-epoch"])
    return None


def cut(copy: Copy, refusal: bytes) -> None:
    """Do what a 409 says: what was read from the tape is not stored yet, and will come again."""
    copy.data = copy.data[: json.loads(refusal)["error"]["length"]]


def by_events(
    open_line: Callable[[Person, str, dict[str, int]], SseReader],
) -> Callable[[Person, str, Copy, int], None]:
    """Read so many bytes of frames from where the copy ends."""

    def read(person: Person, stream_id: str, copy: Copy, leave_after: int) -> None:
        place = {"offset": len(copy.data), "epoch": copy.epoch} if copy.data else {}
        events = open_line(person, stream_id, place)
        if events.response.status == 409:
            return cut(copy, events.response.read_all())
        start = len(copy.data)
        for event in events:
            copy.take(event)
            if copy.end or len(copy.data) - start >= leave_after:
                break
        events.close()
        return None

    return read


def by_last_event_id(**pace: str) -> Callable[[Person, str, Copy, int], None]:
    """Come back as a browser does: with the last id and nothing else."""
    ids: dict[int, str] = {}  # one copy's last id, by the copy

    def read(person: Person, stream_id: str, copy: Copy, leave_after: int) -> None:
        events = person.follow(stream_id, last_id=ids.get(id(copy)), **pace)
        assert events.response.status == 200
        start = len(copy.data)
        for event in events:
            copy.take(event)
            if copy.end or len(copy.data) - start >= leave_after:
                break
        if events.last_id is not None:
            ids[id(copy)] = events.last_id
        events.close()

    return read


ROUTES = {
    "drive, text": by_plain_text,
    "drive, events": by_events(lambda person, stream, place: person.drive_events(stream, **place)),
    "subscribe": by_events(lambda person, stream, place: person.follow(stream, **place)),
    "subscribe, each delta": by_events(
        lambda person, stream, place: person.follow(stream, pace="delta", **place)
    ),
}


@pytest.mark.parametrize("route", ROUTES)
def test_leaving_at_random_bytes_loses_and_doubles_nothing(
    person: Person, upstream: Upstream, route: str
) -> None:
    upstream.hold(AHEAD, MODEL)
    asked, copy, dice = person.ask(model=MODEL), Copy(), random.Random(route)
    person.drive(asked.stream_id).close()  # whoever asked is gone at once
    visits = 0
    while copy.text != WHOLE:
        upstream.hold(len(copy.text) + AHEAD, MODEL)
        ROUTES[route](person, asked.stream_id, copy, dice.randint(1, 160))
        assert WHOLE.startswith(copy.text)
        visits += 1
    assert visits >= 5


@pytest.mark.parametrize("pace", [{}, {"pace": "delta"}], ids=["stored", "each delta"])
def test_returning_with_the_last_event_id_loses_and_doubles_nothing(
    person: Person, pace: dict[str, str]
) -> None:
    asked, copy, dice = person.ask(model=MODEL), Copy(), random.Random(str(pace))
    person.drive(asked.stream_id).close()
    visit = by_last_event_id(**pace)
    while copy.end is None:
        visit(person, asked.stream_id, copy, dice.randint(1, 200))
        assert WHOLE.startswith(copy.text)
    assert copy.text == WHOLE
    assert copy.end["status"] == "done"


@pytest.mark.parametrize("seed", range(3))
def test_every_visit_may_take_another_route(person: Person, seed: int) -> None:
    asked, copy, dice = person.ask(model=MODEL), Copy(), random.Random(seed)
    person.drive(asked.stream_id).close()
    while copy.text != WHOLE:
        route = dice.choice(list(ROUTES))
        ROUTES[route](person, asked.stream_id, copy, dice.randint(1, 240))
        assert WHOLE.startswith(copy.text), route
    # The last visit may have read the tape: what it holds need not be stored yet, so the end is heard there.
    last = person.drive_events(asked.stream_id, offset=len(copy.data), epoch=copy.epoch)
    assert Copy(copy.data).follow(last).end is not None


def test_a_late_reader_gets_the_whole_text_and_the_end_again_and_again(person: Person) -> None:
    asked = person.ask(model="short")
    person.drive(asked.stream_id).read_all()
    for _ in range(3):
        copy = Copy().follow(person.follow(asked.stream_id))
        assert copy.text == answer_of(read_script("short"))
        assert copy.end is not None
        assert copy.end["status"] == "done"


def test_a_viewer_only_ever_holds_stored_text(person: Person) -> None:
    asked = person.ask(model=MODEL)
    person.drive(asked.stream_id).close()
    copy = Copy()
    for event in person.follow(asked.stream_id):
        copy.take(event)
        stored = person.state(asked.stream_id)["next_offset"]
        assert stored >= len(copy.data)
        if copy.end:
            break
    assert copy.text == WHOLE
