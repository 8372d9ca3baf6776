"""What is thought before an answer, as its followers see it: in order, nothing missing, nothing twice."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chat.core.frames import End, Slice
from chat.core.lifecycle import Status
from chat.core.markdown import render
from chat.store.briefing import briefing_of
from chat.store.leases import Orphan
from chat.store.streams import Batch
from chat.web.scene_html import key_of
from chat.web.thought_view import said_of
from chat.web.told import MessageChanged, Position, Streamed
from tests.web.calls import Api
from tests.web.test_scene import GROWS, Studio, html

THOUGHT = "Perhaps at the spring, or perhaps at the mouth of it. I would say **the spring**. "


class Thinker(Studio):
    """A studio whose answers are thought about."""

    def think(self, text: str = "", name: str = "") -> None:
        self.thought_id, self.thought = name or f"{self.stream_id[:20]}-th", ""
        assert self.api.house.streams.open_beside(self.stream_id, self.epoch, self.thought_id)
        if text:
            self.muse(text)

    def muse(self, text: str) -> None:
        start = len(self.thought.encode())
        assert not self.api.house.streams.append([Batch(self.thought_id, 1, start, text)])
        self.thought += text

    def decide(self, status: Status = Status.DONE) -> None:
        timing = {"first_token_ms": 0, "total_ms": 12_300}
        close = self.api.house.streams.close
        assert close(self.thought_id, 1, status, text=self.thought, timing=timing)

    @property
    def answer_id(self) -> str:
        return str(self.asked["reply"]["id"])

    @property
    def key(self) -> str:
        return key_of(self.answer_id, True)


@pytest.fixture
def studio(api: Api) -> Iterator[Thinker]:
    path = api.begin()
    with api.house.feeds.open(path.rpartition("/")[2]) as feed:
        yield Thinker(api, feed, path)


class Client:
    """A JSON client: it keeps texts by stream, as the wire tells it to."""

    def __init__(self, studio: Thinker, position: Position | None = None) -> None:
        self.studio = studio
        self.position = position
        self.texts: dict[str, str] = {}
        self.heard: list[str] = []

    def listen(self) -> "Client":
        """Take all that there is now."""
        while True:
            step = self.studio.feed.step(self.position, "stored")
            self.position = step.position
            for told in step.told:
                self.take(told.frame)
                assert told.id is None or told.id == "new" or Position.parse(told.id) is not None
            if not step.told:
                return self

    def take(self, frame: Any) -> None:
        match frame:
            case MessageChanged(message):
                self.heard.append("message")
                if message.stream_id:
                    self.texts[message.stream_id] = message.text
                if message.reasoning_stream_id and message.reasoning:
                    self.texts[message.reasoning_stream_id] = message.reasoning.text
            case Streamed(stream_id, _, Slice() as slice):
                self.heard.append("chunk")
                assert slice.offset == len(self.texts[stream_id].encode()), "a gap, or a double"
                self.texts[stream_id] += slice.text
            case Streamed(stream_id, _, End() as end, is_thought):
                self.heard.append("thought over" if is_thought else "end")
                assert end.offset == len(self.texts[stream_id].encode())


def test_a_follower_has_the_thought_first_and_then_the_answer(studio: Thinker):
    studio.ask()
    client = Client(studio).listen()
    studio.think()
    studio.muse("First. ")
    client.listen()
    studio.muse("Second. ")
    client.listen()
    studio.decide()
    client.listen()
    studio.write("The answer.")
    client.listen()
    studio.finish()
    client.listen()
    assert client.texts == {studio.thought_id: "First. Second. ", studio.stream_id: "The answer."}
    assert client.heard == [*["message"] * 3, "chunk", "thought over", "chunk", "end"]


@pytest.mark.parametrize("moment", range(7))
def test_whenever_one_comes_and_however_long_one_is_away_nothing_is_missing_or_twice(
    studio: Thinker, moment: int
):
    steps = [
        studio.think,
        lambda: studio.muse("First, a thought. "),
        lambda: studio.muse("Then 日本語. "),
        studio.decide,
        lambda: studio.write("The answer, "),
        lambda: studio.write("whole."),
        studio.finish,
    ]
    studio.ask()
    client = Client(studio).listen()
    for number, step in enumerate(steps):
        if number == moment:
            client.listen()
        if number >= moment:
            late = Client(studio).listen()
        step()
    late.listen()
    client.listen()
    whole = {studio.thought_id: "First, a thought. Then 日本語. ", studio.stream_id: "The answer, whole."}
    assert client.texts == whole
    assert late.texts == whole
    assert client.heard.count("end") == 1


def test_a_place_in_a_thought_is_served_from_there_and_a_forged_one_is_not(studio: Thinker):
    studio.ask()
    studio.think("First. ")
    place = Client(studio).listen().position
    assert place is not None
    assert place.is_thought
    studio.muse("Second. ")
    assert studio.feed.place(str(place), "stored") == place
    forged = str(place).removesuffix(".t")
    assert studio.feed.place(forged, "stored") is None, "that stream is not the answer"
    assert Position.parse("5.t") is None


def test_one_who_thinks_anew_is_followed_anew(studio: Thinker):
    studio.ask()
    studio.think("Half a th")
    client = Client(studio).listen()
    studio.take_over()
    client.listen()
    assert client.heard[-1] == "thought over"
    studio.think("A whole thought. ", "second")
    client.listen()
    studio.muse("And more. ")
    studio.decide()
    studio.write("The answer.")
    studio.finish()
    client.listen()
    assert client.texts["second"] == "A whole thought. And more. "
    assert client.texts[studio.stream_id] == "The answer."


def test_a_removed_thought_is_followed_no_more(studio: Thinker):
    studio.ask()
    studio.think("Half a th")
    client = Client(studio).listen()
    assert studio.api.call("DELETE", f"/streams/{studio.thought_id}").status_code == 204
    client.listen()
    studio.write("The answer.")
    client.listen()
    assert client.texts[studio.stream_id] == "The answer."
    found = studio.api.get(f"{studio.path}/messages")["items"][-1]
    assert (found["reasoning_stream_id"], found["reasoning"]) == (None, None)


# ── the API ──────────────────────────────────────────────────────────────────────────────────


def test_a_message_has_it_in_json(studio: Thinker):
    studio.ask()
    studio.think(THOUGHT)
    found = studio.api.get(f"{studio.path}/messages")["items"][-1]
    assert (found["reasoning_stream_id"], found["reasoning"]) == (studio.thought_id, THOUGHT)


def test_its_stream_is_read_by_who_may_read_the_conversation(studio: Thinker):
    studio.ask()
    studio.think(THOUGHT)
    read = studio.api.get(f"/streams/{studio.thought_id}")
    assert (read["text"], read["status"]) == (THOUGHT, "streaming")
    assert studio.api.refused("GET", f"/streams/{studio.thought_id}", who=studio.api.ben)[0] == 404


def test_to_stop_it_is_to_stop_the_answer(studio: Thinker):
    studio.ask()
    studio.think(THOUGHT)
    assert studio.api.call("POST", f"/streams/{studio.thought_id}/stop").status_code == 202
    assert studio.api.house.streams.state(studio.stream_id).stop_requested


def test_to_stop_what_is_over_stops_nothing(studio: Thinker):
    studio.ask()
    studio.think(THOUGHT)
    studio.decide()
    said = studio.api.call("POST", f"/streams/{studio.thought_id}/stop").get_json()
    assert said["status"] == "done"
    assert not studio.api.house.streams.state(studio.stream_id).stop_requested


# ── the page ─────────────────────────────────────────────────────────────────────────────────


def test_a_page_is_given_a_fold_that_grows_where_it_is(studio: Thinker):
    studio.ask()
    place = studio.present()
    studio.think()
    opened = studio.step(place)
    sent = html(opened)
    assert '<details class="reasoning"' in sent
    assert "Thinking…" in sent
    assert opened.place.position.is_thought
    studio.muse(THOUGHT)
    grown = studio.step(opened.place)
    assert GROWS.findall(html(grown)) == [(studio.key, "0", str(len(THOUGHT) - 1))]
    assert studio.find(str(grown.place)) == grown.place


def test_when_it_is_over_only_its_line_changes_and_the_answer_begins(studio: Thinker):
    studio.ask()
    studio.think(THOUGHT)
    place = studio.present()
    studio.decide()
    over = studio.step(place)
    sent = html(over)
    assert f'hx-target="#n-{studio.answer_id}"' in sent
    assert "Thought for 12 s" in sent
    assert "<details" not in sent, "the fold stays as its reader has it"
    assert (over.place.position.stream_id, over.place.position.offset) == (studio.stream_id, 0)
    studio.write("The spring is where it begins, most people who were asked about it would have said so. ")
    grown = GROWS.findall(html(studio.step(over.place)))
    assert [(key, at) for key, at, _ in grown] == [(key_of(studio.answer_id), "0")]


def test_a_page_opened_later_has_it_whole_and_folded(studio: Thinker):
    studio.ask()
    studio.think(THOUGHT)
    studio.decide()
    studio.write("The spring.")
    studio.finish()
    page = studio.page()
    fold = re.search(r'<details class="reasoning".*?</details>', page.replace("\ndata: ", "\n"), re.DOTALL)
    assert fold is not None
    assert " open" not in fold[0].partition(">")[0]
    for part in re.findall(r"<p>.*?</p>", render(THOUGHT)):
        assert part in fold[0]


def test_hostile_thoughts_are_as_harmless_as_answers(studio: Thinker):
    studio.ask()
    studio.think("<script>alert(1)</script> ![x](https://evil.example/x.png)")
    page = studio.page()
    assert "<script>alert" not in page
    assert "<img" not in page


def test_a_page_that_was_away_while_it_was_thought_anew_shows_the_new_one(studio: Thinker):
    studio.ask()
    studio.think("Half a th")
    place = studio.present()
    orphan = Orphan(studio.stream_id, studio.epoch, stop_requested=False, continuations=0)
    studio.epoch = studio.api.house.streams.take_over(orphan)[0].epoch  # type: ignore[index]
    studio.think("A whole thought, and longer than the first one was. ", f"{studio.stream_id[:20]}-2")
    back = studio.find(str(place))
    sent = html(studio.step(back))
    assert "A whole thought" in sent
    assert "Half a th" not in sent


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (None, "Thought about it"),
        (300, "Thought for a moment"),
        (12_300, "Thought for 12 s"),
        (60_000, "Thought for 1 min"),
        (125_000, "Thought for 2 min 5 s"),
    ],
)
def test_how_long_it_took_is_said_as_people_do(ms: int | None, said: str):
    assert said_of(ms) == said


def test_what_the_model_is_told_later_holds_none_of_it(studio: Thinker):
    studio.ask()
    studio.think(THOUGHT)
    studio.decide()
    studio.write("The spring.")
    studio.finish()
    again = studio.api.ask(studio.path, "And then?")
    brief = studio.api.house.store.read(lambda conn: briefing_of(conn, again["reply"]["stream_id"]))
    assert brief is not None
    assert [turn.text for turn in brief.turns][1:] == ["The spring.", "And then?"]
