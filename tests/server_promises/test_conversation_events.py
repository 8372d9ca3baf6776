"""A conversation's events: the state, then each change, from any id; a client holds what is stored."""

from typing import Any

from tests.person import Person
from tests.reading import Event, SseReader
from tests.server_promises.waiting import until_status
from tests.upstream import Upstream

MODEL = "prose;tokens=160"
STEP = 100  # characters that the provider says at once
TOKEN = 20  # and the most by which it says less


class Held:
    """What a client of these events holds, kept by nothing but WIRE §6."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.ends: list[dict[str, Any]] = []
        self.conversation: dict[str, Any] | None = None

    def take(self, event: Event) -> None:
        match event.name:
            case "state":
                self.messages, self.conversation = {}, None
            case "conversation":
                self.conversation = event.data
            case "message":
                self.messages[event.data["id"]] = dict(event.data)
            case "message.deleted":
                self.messages.pop(event.data["id"], None)
            case "chunk":
                message = self.messages[event.data["message_id"]]
                assert len(message["text"].encode()) == event.data["offset"], "a gap, or a double"
                message["text"] += event.data["text"]
            case "rewind":
                message = self.messages[event.data["message_id"]]
                message["text"] = message["text"].encode()[: event.data["offset"]].decode()
            case "end":
                self.ends.append(event.data)
                self.messages[event.data["message_id"]] |= {
                    name: event.data[name] for name in ("status", "usage", "error", "finish_reason", "timing")
                }

    def read(self, events: SseReader, *names: str) -> Event:
        for event in events:
            self.take(event)
            if event.name in names:
                return event
        raise AssertionError(f"no {names}")

    def read_until(self, events: SseReader, message_id: str, length: int) -> None:
        """Read until a message has so many characters."""
        while len(self.messages.get(message_id, {"text": ""})["text"]) < length:
            self.read(events, "message", "chunk")


def test_a_follower_holds_in_the_end_what_the_history_says(person: Person) -> None:
    conversation = person.converse(title="Rivers")
    held = Held()
    events = person.events(f"/api/conversations/{conversation}")
    assert held.read(events, "conversation").data["title"] == "Rivers"
    asked = person.ask("Where from?", conversation, model=MODEL)
    with person.drive(asked.stream_id) as line:
        line.read_all()
    held.read(events, "end")
    history = person.get(f"/api/conversations/{conversation}/messages")["items"]
    assert list(held.messages.values()) == history
    assert [end["status"] for end in held.ends] == ["done"]
    assert [event.name for event in events.events[:2]] == ["state", "conversation"]


def test_the_answer_comes_in_chunks_and_its_text_is_not_repeated(person: Person, upstream: Upstream) -> None:
    conversation, held = person.converse(), Held()
    events = person.events(f"/api/conversations/{conversation}")
    upstream.hold(STEP, MODEL)
    asked = person.ask("Where from?", conversation, model=MODEL)
    with person.drive(asked.stream_id):
        for step in range(1, 6):
            held.read_until(events, asked.reply_id, step * STEP - TOKEN)
            upstream.hold((step + 1) * STEP, MODEL)
        upstream.let_go(MODEL)
        events.until("end")
    told = sum(len(e.data["text"].encode()) for e in events.events if e.name in ("chunk", "message"))
    stored = person.state(asked.stream_id)["next_offset"]
    assert told == stored + len("Where from?")
    assert sum(event.name == "chunk" for event in events.events) > 3, "as it was said"


def test_who_comes_back_with_any_id_misses_nothing_and_gets_nothing_twice(
    person: Person, upstream: Upstream
) -> None:
    conversation = person.converse()
    path = f"/api/conversations/{conversation}"
    upstream.hold(STEP, MODEL)
    asked = person.ask("Where from?", conversation, model=MODEL)
    held, last, visits = Held(), None, 0
    with person.drive(asked.stream_id):
        while not held.ends:
            events = person.events(path, last_id=last)
            known = held.messages.get(asked.reply_id, {"text": ""})["text"]
            upstream.hold(len(known) + 2 * STEP, MODEL)  # more than there is: somebody who waits is told it
            visits += 1
            for number, event in enumerate(events, 1):
                held.take(event)
                if held.ends or event.name == "chunk" or number == visits:
                    break
            last = events.last_id
            events.close()
    assert list(held.messages.values()) == person.get(f"{path}/messages")["items"]
    assert len(held.ends) == 1
    assert visits > 6


def test_what_happened_while_one_was_away_is_told_deletions_too(person: Person) -> None:
    conversation = person.converse(title="before")
    path = f"/api/conversations/{conversation}"
    first = person.ask("one", conversation, model="prose;tokens=5")
    person.drive(first.stream_id).read_all()
    held = Held()
    events = person.events(path)
    while len(held.messages) < 2:
        held.read(events, "message")
    events.close()
    second = person.ask("two", conversation, model="prose;tokens=5")
    person.drive(second.stream_id).read_all()
    assert person.call("DELETE", f"/api/streams/{first.stream_id}").status_code == 204
    assert person.call("PATCH", path, {"title": "after"}).status_code == 200
    again = person.events(path, after=events.last_id)
    while len(held.messages) != 3 or held.conversation["title"] != "after":
        held.read(again, "message", "message.deleted", "conversation")
    again.close()
    assert "state" not in [event.name for event in again.events]
    assert list(held.messages.values()) == person.get(f"{path}/messages")["items"]


def test_an_id_that_means_nothing_gives_the_present_state_and_never_silence(person: Person) -> None:
    asked = person.ask("Where from?", model="prose;tokens=5")
    other = person.ask("And there?", model="prose;tokens=5")
    person.drive(asked.stream_id).read_all()
    forged = f"1.{other.stream_id}.{other.reply_id}.1.0"
    for last in ("nonsense", "999999", forged, "1.2.3", "-1", "1.a.b.c.d", "9" * 40):
        events = person.events(f"/api/conversations/{asked.conversation_id}", last_id=last)
        assert events.next().name == "state", last
        held = Held()
        while len(held.messages) < 2:
            held.read(events, "message")
        assert other.reply_id not in held.messages
        events.close()


def test_at_the_pace_of_deltas_the_text_comes_finer_and_is_the_same(
    person: Person, upstream: Upstream
) -> None:
    conversation = person.converse()
    path = f"/api/conversations/{conversation}"
    held, fine = Held(), Held()
    stored, deltas = person.events(path), person.events(path, pace="delta")
    upstream.hold(TOKEN, MODEL)
    asked = person.ask("Where from?", conversation, model=MODEL, chunk_by="paragraph")
    with person.drive(asked.stream_id):
        for said in range(TOKEN, 600, TOKEN):  # which is faster than what has no end of a paragraph is stored
            fine.read_until(deltas, asked.reply_id, said - TOKEN + 1)
            upstream.hold(said + TOKEN, MODEL)
        upstream.let_go(MODEL)
        fine.read(deltas, "end")
        held.read(stored, "end")
    assert held.messages == fine.messages
    pieces = [sum(event.name == "chunk" for event in reader.events) for reader in (stored, deltas)]
    assert pieces[1] > pieces[0]


def test_an_answer_that_is_over_before_anybody_could_follow_it_has_an_end_too(person: Person) -> None:
    conversation = person.converse()
    events = person.events(f"/api/conversations/{conversation}")
    events.until("conversation")
    events.close()
    asked = person.ask("Where from?", conversation, model="prose;tokens=3")
    person.drive(asked.stream_id).read_all()
    held = Held()
    end = held.read(person.events(f"/api/conversations/{conversation}", last_id=events.last_id), "end")
    assert end.data["status"] == held.messages[asked.reply_id]["status"] == "done"
    assert end.data["offset"] == len(held.messages[asked.reply_id]["text"].encode())


def test_deleting_a_conversation_closes_its_events(person: Person) -> None:
    asked = person.ask("Where from?", model=MODEL)
    path = f"/api/conversations/{asked.conversation_id}"
    events = person.events(path)
    events.until("message")
    person.drive(asked.stream_id).close()
    assert person.call("DELETE", path).status_code == 204
    assert events.until("close").id is None
    assert events.next() is None


def test_a_revoked_link_closes_the_events_of_its_readers_and_of_nobody_else(
    person: Person, upstream: Upstream
) -> None:
    upstream.hold(STEP, MODEL)
    asked = person.ask("Where from?", model=MODEL)
    path = f"/api/conversations/{asked.conversation_id}"
    link = person.call("POST", f"{path}/share").json()
    reader = Person(person.url, link["token"])
    watching, own = reader.events(path), person.events(path)
    with person.drive(asked.stream_id):
        Held().read_until(watching, asked.reply_id, STEP - TOKEN)
        person.call("DELETE", f"{path}/share")
        watching.until("close")
        upstream.hold(2 * STEP, MODEL)
        Held().read_until(own, asked.reply_id, 2 * STEP - TOKEN)
    person.stop(asked.stream_id)
    until_status(person, asked.stream_id, "stopped")
    assert reader.call("GET", path).status_code == 401, "a link taken back is no token any more"
