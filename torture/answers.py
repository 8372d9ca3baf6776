"""Live answers with everyone who reads them, and what must be true of them when they have ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gevent

from tests.person import Asked, Person
from torture.ground import Ground
from torture.provider import Request
from torture.reader import Reader
from torture.tally import Tally
from torture.texts import numbered

TOKENS, PACE = 300, 150.0  # an answer of two seconds
VIEWERS = 2
END_S = 40.0  # for every reader to have met the end


@dataclass
class Answer:
    """One answer: the question, the provider's whole text, the readers."""

    person: Person
    model: str
    whole: str
    asked: Asked
    readers: list[Reader] = field(default_factory=list)
    acknowledged: int = 0  # bytes that GET or a viewer had been given as stored, when last looked

    @property
    def stream_id(self) -> str:
        return self.asked.stream_id

    @property
    def viewers(self) -> list[Reader]:
        return [reader for reader in self.readers if reader.is_viewer]

    def read(self, *, drives: bool = False, pace: str = "") -> Reader:
        """Let one more reader come."""
        whole = self.whole.encode()
        reader = Reader(self.person, self.stream_id, whole, drives=drives, pace=pace)
        self.readers.append(reader)
        reader.start()
        return reader

    def acknowledge(self) -> None:
        """Note what has been given out as stored until now."""
        stored = int(self.person.state(self.stream_id)["next_offset"])
        self.acknowledged = max([self.acknowledged, stored, *(len(one.data) for one in self.viewers)])


def ask(ground: Ground, person: Person, *, tokens: int = TOKENS, pace: float = PACE, **fields: Any) -> Answer:
    """Ask a question whose answer goes on, after a cut, exactly where it stops; nobody reads it yet."""
    model = ground.model()
    whole = numbered(model, tokens)
    ground.provider.script(model, text=whole, pace=pace, continues=True, hurry=True)
    return Answer(person, model, whole, person.ask(model=model, **fields))


def ask_and_read(ground: Ground, person: Person, count: int, **question: Any) -> list[Answer]:
    """Ask so many questions, each read by a driver, which reads the tape, and by viewers."""
    answers = [ask(ground, person, **question) for _ in range(count)]
    for answer in answers:
        answer.read(drives=True)
    for answer in answers:
        for _ in range(VIEWERS):
            answer.read()
    return answers


def wait_for_ends(answers: Sequence[Answer], tally: Tally, seconds: float = END_S) -> None:
    """Wait until each reader has met the end; who has not then is a broken promise."""
    readers = [reader for answer in answers for reader in answer.readers]
    gevent.joinall([reader.greenlet for reader in readers], timeout=seconds)
    for reader in readers:
        if not reader.greenlet.ready():
            reader.left = True
            reader.greenlet.kill()
            tally.must(False, f"a reader of {reader.stream_id} met no end within {seconds:g} s")


def check(answer: Answer, tally: Tally, requests: Sequence[Request], statuses: Sequence[str]) -> None:
    """Compare every reader, the store, the message and the provider; counts go into the tally."""
    name = answer.stream_id
    state = answer.person.state(name)
    stored = state["text"].encode()
    path = f"/api/conversations/{answer.asked.conversation_id}/messages"
    message = answer.person.get(path)["items"][-1]
    tally.must(state["status"] in statuses, f"{name} is {state['status']} ({state['error']})")
    tally.must(answer.whole.startswith(state["text"]), f"{name}: the stored text is not the provider's")
    tally.must(state["status"] != "done" or state["text"] == answer.whole, f"{name}: done, and not whole")
    told = (message["status"], message["text"])
    tally.must(
        told == (state["status"], state["text"]), f"{name}: the message is {told[0]}, or has other text"
    )
    tally.must(not any(one.misfit for one in requests), f"{name}: continued from text that was never sent")
    lost = max(0, answer.acknowledged - len(stored))
    tally.must(not lost, f"{name}: {lost} acknowledged bytes are not stored")
    tally.add("B acknowledged", answer.acknowledged)
    tally.add("lost", lost + sum(reader.lost for reader in answer.readers))
    tally.add("doubled", sum(reader.doubled for reader in answer.readers))
    for reader in answer.readers:
        tally.broken += reader.broken
        tally.must(reader.data == stored, f"{name}: a reader has {len(reader.data)} of {len(stored)} bytes")
    tally.add("rewinds", sum(reader.rewinds for reader in answer.readers))
