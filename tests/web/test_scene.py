"""The scene: what pages are sent of a conversation, and that all at one place are sent the same."""

import re
from collections.abc import Iterator

import pytest

from chat.core.lifecycle import Status
from chat.core.markdown import render
from chat.store.leases import Orphan
from chat.store.streams import Batch
from chat.web.feed import Feed
from chat.web.message_view import CONTINUED
from chat.web.scene import Scene, Shot
from chat.web.scene_html import Fragments
from chat.web.scene_line import Lines
from chat.web.scene_place import Place, find_place
from tests.web.calls import Api
from tests.web.sourced import give, source

SENTENCE = "The river begins where two brooks meet, and nobody agrees which of them is the river. "
GROWS = re.compile(r"<hx-grow key=(\w+) at=(\d+) to=(\d+)>")


class Studio:
    """One conversation with an answer that a test writes, and the scene that pages of it see."""

    def __init__(self, api: Api, feed: Feed, path: str) -> None:
        self.api = api
        self.feed = feed
        self.path = path
        self.now = 0.0
        fragments = Fragments(api.app.jinja_env)
        self.lines = Lines(feed.cid, api.house.store)
        self.scene = Scene(feed, self.lines, fragments, lambda: self.now, flush_s=0.5)
        self.text = ""

    def ask(self, text: str = "Where does it begin?") -> None:
        self.wait_for_an_answer(text)
        self.claim()

    def wait_for_an_answer(self, text: str = "Where does it begin?") -> None:
        """Ask what nobody answers yet."""
        self.asked = self.api.ask(self.path, text)
        self.stream_id = self.asked["reply"]["stream_id"]

    def claim(self) -> None:
        claimed = self.api.house.streams.claim(self.stream_id, {Status.PENDING})
        assert claimed is not None
        self.epoch, self.text = claimed.epoch, ""

    def write(self, text: str) -> None:
        """Store one more batch."""
        start = len(self.text.encode())
        assert not self.api.house.streams.append([Batch(self.stream_id, self.epoch, start, text)])
        self.text += text

    def take_over(self) -> None:
        """Let another process go on with the answer, as after a death."""
        orphan = Orphan(self.stream_id, self.epoch, stop_requested=False, continuations=0)
        taken = self.api.house.streams.take_over(orphan)
        assert taken is not None
        self.epoch = taken[0].epoch

    def page(self) -> str:
        """Give all that a new page is sent."""
        return self.step(None).body.decode()

    def finish(self, status: Status = Status.DONE, **fields: object) -> None:
        self.api.house.streams.close(self.stream_id, self.epoch, status, text=self.text, **fields)  # type: ignore[arg-type]

    def present(self) -> Place:
        found = self.scene.present()
        assert found is not None
        return found.place

    def step(self, place: Place | None) -> Shot:
        return self.scene.step(place)

    def find(self, raw: str | None) -> Place | None:
        return find_place(self.api.house.store, self.feed, raw)


@pytest.fixture
def studio(api: Api) -> Iterator[Studio]:
    path = api.begin()
    with api.house.feeds.open(path.rpartition("/")[2]) as feed:
        yield Studio(api, feed, path)


def html(shot: Shot) -> str:
    """Give an event's data; what comes must be one event with an id."""
    lines = shot.body.decode().split("\n")
    assert lines[0] == f"id: {shot.place}"
    assert lines[-2:] == ["", ""]
    assert all(line.startswith("data: ") for line in lines[1:-2])
    return "\n".join(line.removeprefix("data: ") for line in lines[1:-2])


def test_a_page_that_has_everything_is_sent_nothing(studio):
    studio.ask()
    place = studio.present()
    assert studio.step(place) == Shot(b"", place)


def test_a_question_and_its_answer_come_as_upserts(studio):
    place = studio.present()
    studio.ask("<b>bold?</b>")
    sent = html(studio.step(place))
    assert sent.count('hx-target="#transcript" hx-swap="upsert"') == 2
    assert "&lt;b&gt;bold?&lt;/b&gt;" in sent
    assert 'class="state live"' in sent


def test_an_answer_that_begins_changes_its_strip_and_no_more(studio):
    studio.wait_for_an_answer()
    place = studio.present()
    studio.claim()
    shot = studio.step(place)
    sent = html(shot)
    assert sent.startswith(f'<hx-partial hx-target="#s-{studio.asked["reply"]["id"]}" hx-swap="outerMorph">')
    assert "Answering…" in sent
    assert "<article" not in sent
    studio.write(SENTENCE)
    assert GROWS.findall(html(studio.step(shot.place)))[0][1] == "0"


def test_an_answer_that_grew_while_it_began_comes_whole(studio):
    studio.wait_for_an_answer()
    place = studio.present()
    studio.claim()
    studio.write(SENTENCE)
    sent = html(studio.step(place))
    assert "<article" in sent
    assert SENTENCE.strip() in sent


def test_growth_goes_on_where_the_page_is_until_the_end(studio):
    studio.ask()
    place, shown = studio.present(), "0"
    for _ in range(3):
        studio.write(SENTENCE)
        shot = studio.step(place)
        [(_, at, to)] = GROWS.findall(html(shot))
        assert at == shown
        assert "<i></i>" in html(shot)
        place, shown, studio.now = shot.place, to, studio.now + 1
    studio.finish(finish_reason="length")
    shot = studio.step(place)
    assert GROWS.findall(html(shot))[0][1] == shown
    assert "<i></i>" not in html(shot)
    assert "Cut at the length limit" in html(shot)
    assert shot.place.position.stream_id is None
    assert studio.step(shot.place).body == b""


def test_an_answer_that_was_taken_over_says_so_from_its_first_new_word_on(studio):
    studio.ask()
    studio.write(SENTENCE)
    place = studio.step(studio.present()).place
    early = studio.present()
    studio.take_over()
    studio.write(SENTENCE)
    for page in (place, early):  # one knows in which epoch it is, the other does not
        sent = html(studio.step(page))
        assert sent.count(CONTINUED) == 2, "to be seen, and to be heard"
        assert GROWS.search(sent)
        assert "upsert" not in sent
    place = studio.step(place).place
    assert studio.step(studio.present()).body == b""
    studio.write(SENTENCE)
    assert CONTINUED not in html(studio.step(place)), "it is said once"
    studio.finish()
    assert html(studio.step(place)).count(CONTINUED) == 1
    assert studio.page().count(CONTINUED) == 1


def test_an_answer_that_nothing_interrupted_says_nothing_of_it(studio):
    studio.ask()
    place = studio.present()
    studio.write(SENTENCE)
    studio.finish(Status.INTERRUPTED)
    assert CONTINUED not in html(studio.step(place))
    assert CONTINUED not in studio.page()


def test_all_at_one_place_share_one_drawing(studio):
    studio.ask()
    place = studio.present()
    studio.write(SENTENCE)
    first = studio.step(place)
    assert studio.step(place) is first


def test_a_small_growth_waits_for_company_or_for_the_flush_interval(studio):
    studio.ask()
    place = studio.present()
    studio.write("Well, ")
    assert studio.step(place) == Shot(b"", place, hold_s=0.5)
    studio.now = 0.3
    assert studio.step(place).hold_s == pytest.approx(0.2)
    studio.now = 0.5
    assert "Well," in html(studio.step(place))


def test_a_small_growth_does_not_wait_for_an_end(studio):
    studio.ask()
    place = studio.present()
    studio.write("Yes.")
    assert studio.step(place).hold_s > 0
    studio.finish()
    sent = html(studio.step(place))
    assert "Yes." in sent
    assert 'class="state done"' in sent


def test_pictures_take_a_tenth_of_the_time_at_most(studio):
    studio.ask()
    place = studio.present()
    ticks = iter(range(1, 1000))
    studio.scene._clock = lambda: float(next(ticks))  # each look at the clock costs a second
    studio.write(SENTENCE)
    place = studio.step(place).place
    studio.write(SENTENCE)
    assert studio.step(place).hold_s > 5


def test_every_id_is_a_place_to_go_on_from(studio):
    studio.ask()
    places = [studio.present()]
    for text in ("# One\n\n", SENTENCE, "\n\n- a\n- b\n", "\n```\ncode\n", "more code 日本語\n"):
        studio.write(text)
        studio.now += 1
        places.append(studio.step(places[-1]).place)
    assert [studio.find(str(place)) for place in places] == places
    behind = Scene(
        studio.feed, studio.lines, Fragments(studio.api.app.jinja_env), lambda: 1e6, 0
    )  # another process
    for place in places[:-1]:
        [(_, at, _)] = GROWS.findall(html(behind.step(place)))
        assert int(at) <= place.position.offset


@pytest.mark.parametrize(
    "raw", ["", "x", "-1", "1.1", "1.1.1.1.1", "1..1", "99999999999999999", "²", "1.x.0.0"]
)
def test_what_is_no_place_gives_everything(studio, raw):
    studio.ask()
    assert studio.find(raw) is None
    assert 'hx-target="#transcript" hx-swap="innerMorph"' in html(studio.step(None))


def test_a_forged_place_harms_nobody(studio):
    studio.ask()
    place = studio.present()
    studio.write("é" * 50)
    revision = place.position.revision
    for offset, start in ((1, 0), (10, 1), (10, 20), (9999, 0)):
        assert studio.find(f"{revision}.1.{offset}.{start}") is None
    found = studio.find(f"{revision}.7.0.0")
    assert found is None or html(studio.step(found))


def test_who_was_away_when_it_ended_gets_the_answer_whole(studio):
    studio.ask()
    place = studio.present()
    studio.write("Some *text*.")
    studio.finish()
    found = studio.find(str(place))
    assert found is not None
    assert found.position.stream_id is None
    sent = html(studio.step(found))
    assert "<em>text</em>" in sent
    assert 'hx-swap="upsert"' in sent


def test_a_deleted_answer_leaves_and_a_title_arrives(studio):
    studio.ask()
    studio.finish()
    place = studio.present()
    answer_id = studio.asked["reply"]["id"]
    assert studio.api.call("DELETE", f"/streams/{studio.stream_id}").status_code == 204
    studio.api.call("PATCH", studio.path, {"title": "<Danube>"})
    sent = html(studio.step(place))
    assert f'hx-target="#m-{answer_id}" hx-swap="forget"' in sent
    assert "<title>&lt;Danube&gt; · Headwater</title>" in sent


def test_a_deleted_conversation_closes_the_page(studio):
    place = studio.present()
    studio.api.call("DELETE", studio.path)
    shot = studio.step(place)
    assert shot.is_last
    assert b"event: close" in shot.body


def test_another_answer_takes_the_place_of_the_first_in_a_new_page(studio):
    studio.ask()
    studio.write("First.")
    studio.finish()
    regenerated = studio.api.call(
        "POST", f"{studio.path}/messages/{studio.asked['reply']['id']}/regenerate"
    ).get_json()
    sent = html(studio.step(None))
    assert sent.count("<article") == 2
    assert f'id="m-{regenerated["reply"]["id"]}"' in sent
    assert "First." not in sent


def test_another_answer_tells_the_first_that_it_is_one_of_two(studio):
    studio.ask()
    studio.finish()
    place, first = studio.present(), studio.asked["reply"]["id"]
    studio.api.call("POST", f"{studio.path}/messages/{first}/regenerate")
    sent = html(studio.step(place))
    assert f'hx-target="#b-{first}" hx-swap="outerMorph"' in sent
    assert sent.count("1/2") == sent.count("2/2") == 1


def test_a_page_of_an_older_branch_that_begins_anew_gets_that_branch(studio):
    studio.ask()
    studio.write("First.")
    studio.finish()
    first = studio.asked["reply"]["id"]
    studio.api.call("POST", f"{studio.path}/messages/{first}/regenerate")
    older = html(studio.scene.step(None, first))
    assert "First." in older
    assert "data-older" in older
    assert "First." not in html(studio.step(None))
    found = studio.scene.present(first)
    assert found is not None
    assert found.shown.is_older
    assert studio.scene.step(found.place, first).body == b"", "it goes on from the newest place all the same"


def test_the_end_brings_what_only_the_message_knows(studio):
    studio.ask()
    studio.write(SENTENCE)
    place = studio.present()
    usage = {"input_tokens": 7, "output_tokens": 20, "estimated": False}
    studio.finish(usage=usage, timing={"first_token_ms": 40, "total_ms": 1040})
    sent = html(studio.step(place))
    assert "first token 40 ms · 20 tokens/s · 7 tokens in, 20 out" in sent
    assert 'class="again"' in sent


def test_an_error_is_shown_in_its_own_words_with_a_way_on(studio):
    studio.ask()
    place = studio.present()
    studio.write("Half of ")
    studio.finish(Status.ERROR, error={"code": "truncated", "message": "It broke off <here>."})
    sent = html(studio.step(place))
    assert "It broke off &lt;here&gt;." in sent
    assert 'class="again"' in sent


def test_chips_grow_as_bare_numbers_and_their_sources_come_with_the_end(studio):
    studio.ask()
    place, page = studio.present(), []
    give(studio.api.house, studio.stream_id, studio.epoch)
    for batch in ("", "It begins in springs [1]. ", "Or in bogs [2], [1](https://x.example) `[1]` [99]. "):
        studio.write(batch + SENTENCE)
        studio.now += 10
        shot = studio.step(place)
        place = shot.place
        page.append(html(shot))
    assert 'data-offered="12"' in page[0], "the page that asked shows marks as chips before they are stored"
    assert "<b>1</b>" in page[1]
    assert "<b>2</b>" in page[2]
    studio.finish()
    end = html(studio.step(place))
    assert [re.findall("<b>(.*?)</b>", one) for one in (*page, end)] == [[], ["1"], ["2"], []]
    assert not any(word in one for word in ("river.pdf", "Springs lie") for one in page)
    assert "Springs lie" not in end
    assert end.index('id="q-') < end.index('id="s-')
    assert end.count('class="cited"') == 2


def test_who_comes_back_while_sources_are_cited_is_sent_what_everybody_is(studio):
    studio.ask()
    give(studio.api.house, studio.stream_id, studio.epoch)
    studio.write("It begins in springs [1] and ")
    place = studio.present()
    studio.write("in bogs [2], " + SENTENCE)
    seen = studio.step(place).body
    anew = Scene(studio.feed, studio.lines, Fragments(studio.api.app.jinja_env), lambda: 0.0, 0.5)
    assert anew.step(studio.find(str(place))).body == seen
    assert b"<b>2</b>" in seen


KINDS = {
    "cited": SENTENCE[:-2] + " [1][2]. ",
    "prose": SENTENCE * 3 + "\n\n",
    "paragraph": SENTENCE,
    "list": "- an item of a list with **some** words in it\n",
    "table": "| a row | with | cells |\n",
    "code": "    value = compute(7, 'text')  # a line of code\n",
}


@pytest.mark.parametrize("size", [1_000, 5_000])
@pytest.mark.parametrize("kind", KINDS)
def test_bytes_for_each_viewer_stay_within_three_times_the_final_html(studio, kind, size):
    unit = KINDS[kind]
    numbers = frozenset({1, 2}) if kind == "cited" else frozenset()
    head = {"table": "| a | b | c |\n|---|---|---|\n", "code": "```\n"}.get(kind, "")
    studio.ask()
    if numbers:
        give(studio.api.house, studio.stream_id, studio.epoch, [source(1), source(2)])
    place, sent = studio.present(), 0
    studio.write(head)
    for batch in re.findall(r".+?(?:\. |\n+)", unit * (size // len(unit))):
        studio.write(batch)
        shot = studio.step(place)
        place, sent = shot.place, sent + len(shot.body)
        if shot.hold_s == 0:
            studio.now += 100  # long after the picture was drawn
    studio.finish()
    sent += len(studio.step(place).body)
    below = 700 * (1 + len(numbers))  # the strip below it and its sources, once
    assert sent <= 3 * len(render(studio.text, numbers).encode()) + below
