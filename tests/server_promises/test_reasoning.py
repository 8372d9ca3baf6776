"""What is thought before an answer keeps its promises: stopped, reloaded, watched, its process killed."""

import sqlite3
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from chat.generation.identity import Owner
from tests.conftest import ServerFactory
from tests.person import Asked, Person
from tests.reading import Event, SseReader
from tests.scripted import Script, answer_of
from tests.server import RealServer
from tests.server_promises.waiting import until, until_status
from tests.upstream import Upstream

THOUGHT = " ".join(f"Thought {number}, and another one follows it." for number in range(60))
BRIEF = "Perhaps so. Or perhaps not. Yes, so."
TEXT = "And this is the answer, 日本語 and all."
MODEL = "thinker"
A_WORD = 20  # characters: some of a thought, and not all of it
SOME = 400  # of the long one, a sixth


class Texts:
    """What a client holds of a conversation, by stream, kept by nothing but the wire."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.message: dict[str, Any] = {}
        self.ends: list[str] = []

    def take(self, event: Event) -> None:
        match event.name:
            case "message" if event.data["role"] == "assistant":
                self.message = event.data
                self.texts[event.data["stream_id"]] = event.data["text"]
                if event.data["reasoning_stream_id"]:
                    self.texts[event.data["reasoning_stream_id"]] = event.data["reasoning"]
            case "chunk":
                known = self.texts[event.data["stream_id"]]
                assert len(known.encode()) == event.data["offset"], "a gap, or a double"
                self.texts[event.data["stream_id"]] += event.data["text"]
            case "end":
                self.ends.append(event.data["stream_id"])

    @property
    def thought(self) -> str:
        return self.texts.get(self.message.get("reasoning_stream_id") or "", "")

    def read_until(self, events: SseReader, there: Callable[[], bool]) -> None:
        """Read until it is there."""
        while not there():
            event = events.next()
            assert event is not None, "the line ended before"
            self.take(event)

    def read(self, events: SseReader, stream_id: str) -> "Texts":
        """Read until this stream has ended."""
        for event in events:
            self.take(event)
            if self.ends[-1:] == [stream_id]:
                return self
        raise AssertionError("the line ended before the stream did")


def watch(person: Person, asked: Asked) -> SseReader:
    return person.events(f"/api/conversations/{asked.conversation_id}")


def answer(person: Person, asked: Asked) -> dict[str, Any]:
    messages = person.get(f"/api/conversations/{asked.conversation_id}/messages")["items"]
    return dict(messages[-1])


def begin(person: Person, asked: Asked) -> dict[str, Any]:
    """Let it think, driven by nobody who stays; give the message once some of that is stored."""
    person.drive(asked.stream_id).close()
    return dict(until(lambda: found if (found := answer(person, asked))["reasoning"] else None))


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_who_watches_has_the_thought_and_then_the_answer(
    person: Person, upstream: Upstream, key: str
) -> None:
    upstream.scripts[MODEL] = Script(reasoning=BRIEF, reasoning_key=key, text=TEXT)
    upstream.hold(0, MODEL)
    asked = person.ask(model=MODEL)
    events, held = watch(person, asked), Texts()
    with person.drive(asked.stream_id) as driver:
        for thought in ("Perhaps so.", "Perhaps so. Or perhaps not.", BRIEF):
            upstream.hold(len(thought), MODEL)
            held.read_until(events, lambda thought=thought: held.thought == thought)
        upstream.hold(len(BRIEF) + len("And this is"), MODEL)
        held.read_until(events, lambda: bool(held.texts[asked.stream_id]))
        upstream.let_go(MODEL)
        assert driver.read_all().decode() == TEXT, "the driver's bytes are the answer's alone"
    held.read(events, asked.stream_id)
    assert held.thought == BRIEF
    assert held.texts[asked.stream_id] == TEXT
    assert held.ends == [held.message["reasoning_stream_id"], asked.stream_id]
    assert sum(event.name == "chunk" for event in events.events) > 2
    stored = answer(person, asked)
    assert (stored["reasoning"], stored["text"], stored["status"]) == (BRIEF, TEXT, "done")
    assert 0 <= stored["timing"]["first_token_ms"] < stored["timing"]["total_ms"]
    assert all(BRIEF not in str(message) for message in upstream.last(MODEL).messages)


def test_the_next_question_does_not_tell_what_was_thought(person: Person, upstream: Upstream) -> None:
    upstream.scripts[MODEL] = Script(reasoning=BRIEF, text=TEXT)
    asked = person.ask(model=MODEL)
    person.drive(asked.stream_id).read_all()
    again = person.ask("And then?", asked.conversation_id, model=MODEL)
    person.drive(again.stream_id).read_all()
    said = [message["content"] for message in upstream.last(MODEL).messages]
    assert said == ["What is a stream?", TEXT, "And then?"]


def test_a_reload_in_the_middle_of_it_goes_on_where_it_was(person: Person, upstream: Upstream) -> None:
    upstream.scripts[MODEL] = Script(reasoning=THOUGHT, text=TEXT)
    upstream.hold(SOME, MODEL)
    asked = person.ask(model=MODEL)
    begin(person, asked)
    held, last, path = Texts(), None, f"/api/conversations/{asked.conversation_id}"
    visits = 0
    while asked.stream_id not in held.ends:
        events = person.events(path, last_id=last)
        upstream.hold(len(held.thought) + 2 * SOME, MODEL)  # more than came with what is there at first
        for event in events:
            held.take(event)
            if event.name == "chunk" or asked.stream_id in held.ends:
                break
        last = events.last_id
        events.close()
        visits += 1
    assert (held.thought, held.texts[asked.stream_id]) == (THOUGHT, TEXT)
    assert visits > 3


def test_its_own_stream_is_followed_by_its_id_at_either_pace(person: Person, upstream: Upstream) -> None:
    upstream.scripts[MODEL] = Script(reasoning=THOUGHT, text=TEXT)
    upstream.hold(SOME, MODEL)
    asked = person.ask(model=MODEL)
    thought = begin(person, asked)["reasoning_stream_id"]
    lines = [person.follow(thought), person.follow(thought, pace="delta"), person.drive_events(thought)]
    upstream.let_go(MODEL)
    for events in lines:
        end = events.until("end")
        assert "".join(e.data["text"] for e in events.events if e.name in ("chunk", "delta")) == THOUGHT
        assert end.data["status"] == "done"


def test_stopped_while_it_thinks_it_keeps_the_thought_and_what_it_cost(
    person: Person, upstream: Upstream
) -> None:
    upstream.scripts[MODEL] = Script(reasoning=THOUGHT, text=TEXT)
    upstream.hold(SOME, MODEL)
    asked = person.ask(model=MODEL)
    events = watch(person, asked)
    begin(person, asked)
    assert person.stop(asked.stream_id).status_code == 202
    assert until_status(person, asked.stream_id, "stopped")["text"] == ""
    held = Texts().read(events, asked.stream_id)
    stored = answer(person, asked)
    assert stored["reasoning"] == held.thought
    assert THOUGHT.startswith(stored["reasoning"])
    assert stored["usage"]["output_tokens"] > 0
    assert person.state(stored["reasoning_stream_id"])["status"] == "stopped"


def generating(server: RealServer) -> psutil.Process:
    """Give the process that writes the answer."""
    path = server.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(path) as file:
        [(name,)] = file.execute("SELECT owner FROM streams WHERE beside IS NULL AND status = 'streaming'")
    owner = Owner.parse(name)
    assert owner is not None
    return psutil.Process(owner.pid)


def test_killed_while_it_thinks_another_process_thinks_anew_and_answers(
    server_factory: ServerFactory, upstream: Upstream
) -> None:
    upstream.scripts[MODEL] = Script(reasoning=THOUGHT, text=TEXT)
    upstream.hold(A_WORD, MODEL)
    model = {"OPENAI_BASE_URL": upstream.url, "OPENAI_API_KEY": "scripted"}
    server = server_factory(WEB_CONCURRENCY="2", CHAT_LEASE_S="60", **model)  # who is slow is not dead
    server.wait_for_workers()
    person = Person.sign_in(server.url)
    asked = person.ask(model=MODEL)
    path = f"/api/conversations/{asked.conversation_id}"
    first = begin(person, asked)["reasoning_stream_id"]
    upstream.scripts[MODEL] = Script(reasoning=BRIEF, text=TEXT)
    held, last = Texts(), None
    generating(server).kill()
    while asked.stream_id not in held.ends:  # the line may have been at the process that died
        events = person.events(path, last_id=last)
        for event in events:
            held.take(event)
            if held.message.get("reasoning_stream_id") not in (None, first):
                upstream.let_go(MODEL)  # only now: who comes after the end is told of none
            if asked.stream_id in held.ends:
                break
        last = events.last_id
    stored = answer(person, asked)
    assert stored["reasoning_stream_id"] != first
    assert (stored["reasoning"], stored["text"], stored["status"]) == (BRIEF, TEXT, "done")
    assert (held.thought, held.texts[asked.stream_id]) == (BRIEF, TEXT)
    assert person.call("GET", f"/api/streams/{first}").status_code == 404
    assert upstream.count(MODEL) == 2
    assert answer_of(upstream.scripts[MODEL]) == TEXT
