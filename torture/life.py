"""The life of one conversation: questions, readers that come and leave as they like, stops, shares."""

import random
import time
from typing import Any

import gevent
import requests

from tests.person import Asked, Person
from tests.reading import Copy, LineClosed, RawResponse, SseReader
from tests.scripted import answer_of, read_script
from torture.ground import TooLate, until
from torture.tally import Tally

ENDS = ("done", "stopped", "error", "interrupted")
START_S = 4.0  # until the server starts what nobody drives
PATIENCE_S = 10.0  # beyond what the answer itself takes: longer, and it counts as stuck
QUESTIONS = 8  # in one conversation


class Life:
    """Asks again and again; whatever goes otherwise than it should is noted."""

    def __init__(self, person: Person, tally: Tally, chance: random.Random) -> None:
        self._person = person
        self._tally = tally
        self._chance = chance
        self._conversation = ""

    def run(self, until_when: float) -> None:
        number = 0
        while time.monotonic() < until_when:
            try:
                if number % QUESTIONS == 0:
                    self._conversation = self._person.converse()
                self._ask_once()
            except (AssertionError, requests.RequestException, LineClosed, OSError) as error:
                self._tally.must(False, f"{self._conversation}: {type(error).__name__}: {error}")
            number += 1

    def _ask_once(self) -> None:
        tokens, pace = self._chance.randint(5, 250), self._chance.choice((40, 80, 160))
        model = f"soak;tokens={tokens};pace={pace}"
        asked = self._person.ask(conversation=self._conversation, model=model)
        self._tally.add("questions")
        whole = answer_of(read_script(model)).encode()
        readers = []
        if self._happens(0.8):
            how = self._drive if self._happens(0.5) else self._drive_text
            readers.append(gevent.spawn(how, asked, whole))
        readers += [gevent.spawn(self._view, asked, whole) for _ in range(self._chance.randint(0, 2))]
        if self._happens(0.2):
            gevent.sleep(self._chance.uniform(0, tokens / pace))
            told = self._person.stop(asked.stream_id)
            assert told.status_code == 202, told.text
            self._tally.add("stops")
        if self._happens(0.2):
            self._share()
        state = self._end_of(asked, tokens / pace)
        gevent.joinall(readers, timeout=PATIENCE_S, raise_error=True)
        assert all(reader.ready() for reader in readers), f"a reader of {asked.stream_id} is stuck"
        assert whole.startswith(state["text"].encode()), f"{asked.stream_id}: other text"
        assert state["status"] in ("done", "stopped"), (
            f"{asked.stream_id}: {state['status']} {state['error']}"
        )
        self._tally.add(state["status"])

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share

    def _end_of(self, asked: Asked, seconds: float) -> dict[str, Any]:
        state: dict[str, Any] = {}

        def ended() -> dict[str, Any] | None:
            state.update(self._person.state(asked.stream_id))
            return state if state["status"] in ENDS else None

        try:
            found: dict[str, Any] = until(ended, seconds + START_S + PATIENCE_S, "its end", every=0.3)
        except TooLate as late:
            seen = {name: state.get(name) for name in ("status", "epoch", "next_offset")}
            raise AssertionError(f"{asked.stream_id} is stuck at {seen}: {late}") from late
        return found

    # ── readers; half of them leave without a word ───────────────────────────────────────────

    def _leave_sometimes(self, response: RawResponse) -> Any:
        if not self._happens(0.5):
            return None
        self._tally.add("disconnects")
        return time.monotonic() + self._chance.uniform(0, 1.5)

    def _drive_text(self, asked: Asked, whole: bytes) -> None:
        with self._person.drive(asked.stream_id) as response:
            assert response.status == 200, response.status
            leaves_at = self._leave_sometimes(response)
            while response.read() and not (leaves_at and time.monotonic() > leaves_at):
                pass
            assert whole.startswith(response.data), f"{asked.stream_id}: other text was driven"

    def _drive(self, asked: Asked, whole: bytes) -> None:
        self._follow(self._person.drive_events(asked.stream_id), whole)

    def _view(self, asked: Asked, whole: bytes) -> None:
        if self._happens(0.3):
            events = self._person.events(f"/api/conversations/{self._conversation}")
            with events.response:
                events.until("end", "message")
            return
        pace = {"pace": "delta"} if self._happens(0.5) else {}
        self._follow(self._person.follow(asked.stream_id, **pace), whole)

    def _follow(self, events: SseReader, whole: bytes) -> None:
        copy = Copy()
        with events.response:
            assert events.response.status == 200, events.response.status
            leaves_at = self._leave_sometimes(events.response)
            for event in events:
                copy.take(event)
                if copy.end is not None or (leaves_at and time.monotonic() > leaves_at):
                    break
            else:
                raise LineClosed("the body ended without an end record")
        assert whole.startswith(copy.data), "other text was followed"

    def _share(self) -> None:
        """Share the conversation, look in as a stranger, and take the link back."""
        path = f"/api/conversations/{self._conversation}"
        made = self._person.call("POST", f"{path}/share")
        assert made.status_code == 201, made.text
        stranger = Person(self._person.url, made.json()["token"])
        with stranger.events(path).response as line:
            assert line.status == 200, line.status
            line.read()
        assert self._person.call("DELETE", f"{path}/share").status_code == 204
        assert stranger.call("GET", path).status_code in (401, 404)
        self._tally.add("shares")
