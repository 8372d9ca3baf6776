"""The pages and their forms: as a browser without JavaScript sends them, and as htmx does."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.core.lifecycle import Status
from chat.web.house import EXTENSION

OURS = {"Sec-Fetch-Site": "same-origin"}
HTMX = OURS | {"HX-Request": "true"}
NO_INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\son\w+=|\sstyle=|hx-on|javascript:", re.IGNORECASE)


class Browser:
    """A browser with a cookie jar of its own."""

    def __init__(self, app: Flask) -> None:
        self.house = app.extensions[EXTENSION]
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def post(self, path: str, headers: dict[str, str] = OURS, **form: Any) -> TestResponse:
        return self.client.post(path, data=form, headers=headers)

    def begin(self, text: str = "Where does it begin?") -> str:
        answer = self.post("/c", text=text)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def stream(self, path: str) -> str:
        found = re.search(r'data-stream="(\w+)"', self.get(path).text)
        assert found
        return found[1]

    def finish(
        self, path: str, text: str = "In the hills.", status: Status = Status.DONE, **more: Any
    ) -> None:
        stream_id = self.stream(path)
        claimed = self.house.streams.claim(stream_id, {Status.PENDING})
        assert self.house.streams.close(stream_id, claimed.epoch, status, text=text, **more)


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def stranger(app: Flask) -> Browser:
    return Browser(app)


def test_the_first_page_gives_a_cookie_and_stores_nobody(browser):
    first = browser.get("/")
    assert "headwater=" in first.headers["Set-Cookie"]
    assert "Set-Cookie" not in browser.get("/").headers
    assert "What you ask will be kept here." in first.text


def test_a_question_begins_a_conversation_whose_page_drives_once(browser):
    answer = browser.post("/c", text="  Two\r\nlines ")
    assert answer.status_code == 303
    assert "drive=1;" in answer.headers["Set-Cookie"]
    page = browser.get(answer.location.partition("#")[0])
    assert "  Two\nlines </div>" in page.text
    assert re.search(r'data-events="/c/\w+/events[^"]*" data-after="\d+\.\.0\.0"', page.text)
    assert "Two lines" in browser.get("/").text, "the first words stand in for a title"


def test_a_first_question_that_is_sent_again_begins_nothing_twice(browser):
    first, again = (browser.post("/c", text="Once?", client_id="one").location for _ in range(2))
    assert first == again
    assert browser.get(first).text.count('class="message user"') == 1
    assert browser.post("/c", text="Something else?", client_id="one").location != first
    assert browser.post("/c", text="Once?").location != first


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("  \n ", 422, "Write something first."),
        ("x" * 70_000, 413, "too long"),
        ("a\x00b", 422, "NUL"),
    ],
)
def test_what_cannot_be_asked_comes_back_with_its_text(browser, text, status, words):
    answer = browser.post("/c", text=text)
    assert answer.status_code == status
    assert words in answer.text
    path = browser.begin()
    browser.finish(path)
    for headers in (OURS, HTMX):
        again = browser.post(f"{path}/messages", headers, text=text)
        assert again.status_code == status
        assert words in again.text
        assert text.strip()[:100] in again.text
    assert again.headers["HX-Reswap"] == "outerMorph"
    assert again.text.lstrip().startswith("<form")


def test_for_htmx_a_send_changes_the_composer_and_names_the_stream(browser):
    path = browser.begin()
    browser.finish(path)
    answer = browser.post(f"{path}/messages", HTMX, text="And then?", client_id="one")
    assert answer.status_code == 200
    assert "<article" not in answer.text
    told = json.loads(answer.headers["HX-Trigger"])
    assert told == {"headwater:sent": {"stream": _live(browser, path)}}
    again = browser.post(f"{path}/messages", HTMX, text="And then?", client_id="one")
    assert json.loads(again.headers["HX-Trigger"]) == told, "sending twice is sending once"


def test_while_an_answer_is_written_another_question_waits_with_its_text(browser):
    path = browser.begin()
    plain = browser.post(f"{path}/messages", text="And this?")
    htmx = browser.post(f"{path}/messages", HTMX, text="And this?")
    for answer in (plain, htmx):
        assert answer.status_code == 409
        assert "An answer is still being written." in answer.text
        assert "And this?</textarea>" in answer.text


def test_a_stale_page_cannot_hide_what_was_written_meanwhile(browser):
    path = browser.begin()
    browser.finish(path)
    first = re.findall(r'data-message="(\w+)"', browser.get(path).text)[0]
    answer = browser.post(f"{path}/messages", HTMX, text="From an old page", parent_id=first)
    assert answer.status_code == 409
    assert "Something new was written here" in answer.text


def test_stop_is_for_the_answers_of_this_conversation_alone(browser, stranger):
    path, other = browser.begin(), stranger.begin()
    assert browser.post(f"{path}/stop", stream_id=stranger.stream(other)).status_code == 404
    assert browser.post(f"{path}/stop", HTMX, stream_id=browser.stream(path)).status_code == 204
    assert 'class="state stopped"' in browser.get(path).text
    assert browser.post(f"{path}/stop", stream_id=browser.stream(path)).status_code == 303


def test_a_failed_answer_can_be_asked_for_again(browser):
    path = browser.begin()
    browser.finish(path, "Half", Status.ERROR, error={"code": "truncated", "message": "It broke off."})
    page = browser.get(path).text
    assert "It broke off." in page
    answer_id = re.search(r'name="message_id" value="(\w+)"', page)[1]
    assert "drive=1;" in browser.post(f"{path}/again", message_id=answer_id).headers["Set-Cookie"]
    assert "It broke off." not in browser.get(path).text


def test_two_answers_cannot_be_live_by_the_continue_button_either(browser):
    path = browser.begin()
    first = browser.stream(path)
    browser.finish(path, "Half", Status.INTERRUPTED)
    assert browser.post(f"{path}/messages", text="And then?").status_code == 303
    refused = browser.post(f"{path}/continue", stream_id=first)
    assert refused.status_code == 409
    assert "still being written" in refused.text


def test_no_page_holds_inline_script_or_style(browser):
    path = browser.begin("<script>alert(1)</script> onclick=x")
    browser.finish(path, "| a |\n|:-:|\n| b |\n\n<img src=x onerror=alert(1)> [x](javascript:alert(1))")
    pages = [browser.get(at).text for at in ("/", path, f"{path}?frame=viewer", "/demo", "/c/none")]
    panel = browser.post(f"{path}/share").text
    link = re.search(r"http://localhost(/s/[\w-]+)", panel)[1]
    for page in (*pages, panel, browser.get(link).text):
        safe = re.sub(r"&lt;.*?&gt;|\[x\]\(javascript:[^)]*\)|onclick=x", "", page)
        assert not NO_INLINE.search(safe), NO_INLINE.search(safe)


def test_what_is_not_yours_is_not_there(browser, stranger):
    path = browser.begin()
    assert stranger.get(path).status_code == 404
    for form in ("messages", "stop", "continue", "again", "share", "unshare"):
        assert stranger.post(f"{path}/{form}", text="x").status_code == 404
    assert browser.post("/c", {}, text="from another site").status_code == 403


@pytest.mark.parametrize("path", ["/c/none/events", "/s/none/events"])
def test_events_of_nothing_are_404_at_first_and_closed_on_return(browser, path):
    assert browser.get(path).status_code == 404
    back = browser.get(path, **{"Last-Event-ID": "3"})
    assert back.status_code == 200
    assert back.mimetype == "text/event-stream"
    assert "event: close" in back.text


def test_a_live_link_is_shown_once_reads_only_and_can_be_taken_back(browser, stranger):
    path = browser.begin()
    browser.finish(path, "In the *hills*.")
    panel = browser.post(f"{path}/share", HTMX).text
    link = re.search(r"http://localhost(/s/[\w-]+)", panel)[1]
    page = stranger.get(link)
    assert "<em>hills</em>" in page.text
    assert "Set-Cookie" not in page.headers
    assert 'id="composer"' not in page.text
    assert "may-ask" not in page.text
    assert link not in browser.get(path).text
    assert "A live link is out." in browser.get(path).text
    assert "Make a live link" in browser.post(f"{path}/unshare", HTMX).text
    assert stranger.get(link).status_code == 404


def test_a_name_is_for_what_is_asked_from_then_on(browser):
    path = browser.begin()
    assert browser.post("/name", name="  Ada \n Lovelace ", back=path).location == path
    assert "Ada Lovelace" in browser.get("/").text
    for elsewhere in ("//elsewhere.example/x", "/\\elsewhere.example", "https://elsewhere.example/c/1"):
        assert browser.post("/name", name="Ada", back=elsewhere).location == "/"
    browser.finish(path)
    browser.post(f"{path}/messages", text="Who asks?")
    assert '<b dir="auto">Ada</b>' in browser.get(path).text


def test_the_demo_makes_one_conversation_for_each_person(browser):
    frames = [re.findall(r'src="(/c/\w+\?frame=\w+)"', browser.get("/demo").text) for _ in range(2)]
    assert frames[0] == frames[1]
    driver, viewer = frames[0]
    assert 'id="composer"' in browser.get(driver).text
    assert 'id="composer"' not in browser.get(viewer).text
    assert "frame-src 'self'" in browser.get("/demo").headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in browser.get(viewer).headers["Content-Security-Policy"]


def test_a_long_conversation_shows_its_end_and_a_way_to_its_beginning(browser):
    path = browser.begin("Question 1")
    for number in range(2, 28):
        _answer_live(browser, path)
        browser.post(f"{path}/messages", text=f"Question {number}")
    page = browser.get(path).text
    assert page.count("<article") == 50
    assert ">Question 1</div>" not in page
    before = re.search(r'href="(\?before=\w+)"', page)[1]
    earlier = browser.get(path + before).text
    assert earlier.count("<article") == 4
    assert ">Question 1</div>" in earlier
    assert "Earlier messages" not in earlier


def _live(browser: Browser, path: str) -> str:
    strips = re.findall(r'class="state live"[^>]*data-stream="(\w+)"', browser.get(path).text)
    assert len(strips) == 1
    return strips[0]


def _answer_live(browser: Browser, path: str) -> None:
    stream_id = _live(browser, path)
    claimed = browser.house.streams.claim(stream_id, {Status.PENDING})
    assert browser.house.streams.close(stream_id, claimed.epoch, Status.DONE, text="So it is.")
