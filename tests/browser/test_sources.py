"""Chips and their sources in real windows: as they stream, by pointer, keyboard and touch, and by none."""

import json
import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_access import faults
from tests.browser.test_share_link import make_link
from tests.browser.window import Window, stored
from tests.scripted import Script
from tests.server import RealServer
from tests.server_promises.waiting import until
from tests.web.sourced import SOURCES

TEXT = """Rivers rise in **springs** [1], in bogs [2] and under ice [1, 12]. It is [1](https://x.test) so.[2]

- The highest lie under the north face [1]
- An array `a[1]` cites nothing, and neither does [99]

| What | How much |
|---|---|
| springs | much [12] |

So that is where they begin, and nobody has seen it otherwise in all the years since it was noted down [1][2].
"""
FEW = "They rise in springs [1], and in bogs [2]."
HALF = re.compile(r"\[\d*$|\[\d+,|\(https")


def ask(server: RealServer, upstream: Any, driver: Window, text: str = TEXT, hold: int | None = None) -> str:
    """Ask, and give the answer its sources while nothing is written yet; it may be held again later."""
    upstream.scripts["scripted"] = Script(text=text)
    upstream.hold(0)
    url = driver.begin(server.url, "Where do rivers begin?")
    until(upstream.count)  # what there is to cite was looked for before, and nothing was found
    message_id = driver.page.locator(".message.assistant").last.get_attribute("data-message")
    with closing(sqlite3.connect(server.folder / "headwater.sqlite3", timeout=10)) as database, database:
        given = json.dumps([source.to_json() for source in SOURCES])
        mine = "id = (SELECT conversation_id FROM messages WHERE id = ?)"
        database.execute(f"UPDATE conversations SET revision = revision + 1 WHERE {mine}", (message_id,))
        database.execute(
            "UPDATE messages SET citations = ?, revision = (SELECT revision FROM conversations"
            " WHERE id = messages.conversation_id) WHERE id = ?",
            (given, message_id),
        )
    if hold is None:
        upstream.let_go()
    else:
        upstream.hold(hold)
    return url


@pytest.fixture
def answered(server, upstream, driver) -> str:
    """The page with a short answer that cites two sources."""
    url = ask(server, upstream, driver, FEW)
    driver.wait_for_end()
    expect(driver.page.locator(".cited")).to_have_count(2)
    return url


def card(window: Window) -> Any:
    return window.page.locator("#source:popover-open")


def wait_there(window: Window, milliseconds: int) -> None:
    """Let so much time go by in the page itself: what it was to do by then, it has done."""
    window.page.evaluate("(later) => new Promise((done) => setTimeout(done, later))", milliseconds)


def chip(window: Window, nth: int = 0) -> Any:
    return window.page.locator(".text a.chip").nth(nth)


def test_chips_stream_and_every_window_ends_with_the_same(server, upstream, ada, driver, viewer, somebody):
    url = ask(server, upstream, driver, hold=TEXT.index("[1, 12]") + 3)
    viewer.page.goto(url)
    for window in (driver, viewer):
        expect(chip(window)).to_be_visible()
        assert window.page.locator(".cited").count() == 0, "what it rests on is known when it is over"
    upstream.let_go()
    for window in (driver, viewer):
        window.wait_for_end()
        expect(window.page.locator(".cited")).to_have_count(3)
        expect(chip(window)).to_have_attribute("aria-label", "Source 1: river.pdf, page 3")
        assert window.page.locator(".text a.chip").all_text_contents() == [
            *("[1]", "[2]", "[1]", "[12]", "[2]", "[1]", "[12]", "[1]", "[2]"),
        ]
        assert not [text for text in window.seen if HALF.search(text)], "half a mark flashed by"
        said = "Answer complete. Rivers rise in springs , in bogs"
        expect(window.page.locator("#status")).to_contain_text(said)
        assert window.misdeeds() == window.complaints == []
    plain = Window(somebody(java_script_enabled=False, storage_state=ada.storage_state()).new_page())
    plain.page.goto(url)
    assert driver.shape == viewer.shape == plain.shape
    assert stored(ada, url)["text"] == TEXT
    assert [one["number"] for one in stored(ada, url)["citations"]] == [1, 2, 12]


def test_from_a_file_to_a_sentence_in_it(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="Ask me about your file.")
    url = driver.begin(server.url, "Hello?")
    driver.wait_for_end()
    about = f"name=rivers.md&conversation_id={url.rpartition('/')[2]}"
    text = "# Rivers\n\nSprings lie high. A river rises where the first of them overflows.\n"
    ours = {"Origin": server.url}
    added = ada.request.post(f"{server.url}/api/documents?{about}", data=text.encode(), headers=ours).json()
    document = f"{server.url}/api/documents/{added['id']}"
    until(lambda: ada.request.get(document).json()["status"] == "ready")
    upstream.scripts["scripted"] = Script(text="It rises where the first of the springs overflows [1].")
    driver.ask("Where does a river rise?")
    expect(chip(driver)).to_be_visible()
    driver.wait_for_end()
    expect(driver.page.locator(".cited")).to_have_text(re.compile("rivers.md"))
    chip(driver).click()
    expect(card(driver).locator("mark")).to_have_text("A river rises where the first of them overflows.")
    card(driver).get_by_role("link").click()
    driver.page.wait_for_url(f"**/d/{added['id']}?*")
    expect(driver.page.locator("mark")).to_have_text("A river rises where the first of them overflows.")
    assert driver.misdeeds() == driver.complaints == []


def test_pointing_at_a_chip_opens_its_card_and_going_away_closes_it(driver, answered):
    before = driver.answer.bounding_box()
    chip(driver).hover()
    expect(card(driver)).to_contain_text("Springs lie high.")
    expect(card(driver).locator("h2")).to_have_text("river.pdf")
    expect(card(driver).locator("mark")).to_be_visible()
    assert driver.answer.bounding_box() == before, "the text moved"
    card(driver).hover()
    wait_there(driver, 500)
    expect(card(driver)).to_be_visible()
    driver.page.locator("#ask").hover()
    expect(card(driver)).to_have_count(0)
    assert driver.misdeeds() == driver.complaints == []


def test_a_pressed_chip_keeps_its_card_until_it_is_sent_away(driver, answered):
    chip(driver).click()
    expect(card(driver)).to_be_visible()
    driver.page.locator("#ask").hover()
    wait_there(driver, 500)
    expect(card(driver)).to_be_visible()
    chip(driver, 1).click()
    expect(card(driver).locator("h2")).to_have_text("moors.md")
    chip(driver, 1).click()
    expect(card(driver)).to_have_count(0)
    driver.page.locator(".cited").first.click()
    expect(card(driver).locator("h2")).to_have_text("river.pdf")
    driver.page.mouse.click(5, 300)
    expect(card(driver)).to_have_count(0)
    assert driver.page.url.partition("#")[0] == answered


def test_the_keyboard_goes_to_a_chip_into_its_card_and_back(driver, answered):
    driver.page.locator(".message.user .copy-text").focus()
    for _ in range(3):
        driver.page.keyboard.press("Tab")
        if chip(driver).evaluate("chip => chip === document.activeElement"):
            break
    expect(chip(driver)).to_be_focused()
    expect(card(driver)).to_contain_text("Springs lie high.")
    driver.page.keyboard.press("Tab")
    expect(card(driver).locator("h2")).to_have_text("moors.md")
    driver.page.keyboard.press("Enter")
    expect(card(driver)).to_be_focused()
    expect(card(driver)).to_have_attribute("aria-label", "Source 2: moors.md, Where they begin")
    driver.page.keyboard.press("Escape")
    expect(card(driver)).to_have_count(0)
    expect(chip(driver, 1)).to_be_focused()
    driver.page.keyboard.press("Shift+Tab")
    expect(card(driver).locator("h2")).to_have_text("river.pdf")


def test_a_touch_opens_the_card_on_the_lower_part_of_a_small_screen(driver, answered, somebody):
    driver.page.keyboard.press("Escape")
    link = make_link(driver)
    phone = Window(
        somebody(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True).new_page()
    )
    phone.page.goto(link)
    chip(phone).tap()
    expect(card(phone)).to_contain_text("Springs lie high.")
    box = card(phone).bounding_box()
    assert box["x"] == 0
    assert box["width"] == 360
    assert box["y"] + box["height"] == 640
    assert card(phone).locator("a").count() == 0, "who reads by a link is led to no document"
    chip(phone).tap()
    expect(card(phone)).to_have_count(0)
    assert phone.misdeeds() == phone.complaints == []


def test_axe_finds_nothing_serious_in_a_cited_answer_its_card_and_its_page(driver, answered):
    assert faults(driver.page) == []
    chip(driver).click()
    expect(card(driver)).to_contain_text("Springs lie high.")
    assert faults(driver.page) == []
    driver.page.goto(answered + chip(driver).get_attribute("href"))
    expect(driver.page.locator("mark")).to_be_visible()
    assert faults(driver.page) == []


def test_without_a_script_a_chip_leads_to_a_page_and_back(ada, driver, answered, somebody):
    plain = Window(somebody(java_script_enabled=False, storage_state=ada.storage_state()).new_page())
    plain.page.goto(answered)
    chip(plain).click()
    expect(plain.page.locator("mark")).to_have_text("Springs lie high.")
    plain.page.get_by_role("link", name="Back to the answer").click()
    plain.page.wait_for_url(lambda url: re.split("[?#]", url)[0] == answered)
    expect(plain.answer).to_have_text(FEW)


def test_a_source_that_cannot_be_read_says_so(server, driver, answered):
    driver.page.route("**/sources/*", lambda route: route.fulfill(status=503, body="<p>busy</p>"))
    chip(driver).click()
    expect(card(driver)).to_have_text("This source could not be read. Try again in a moment.")
    driver.page.keyboard.press("Escape")
    driver.page.unroute("**/sources/*")
    chip(driver).click()
    expect(card(driver)).to_contain_text("Springs lie high.")


def test_a_copied_answer_keeps_its_marks_and_names_its_sources(driver, answered):
    driver.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    driver.stop_clock()
    driver.page.locator(".message.assistant .copy-text").click()
    expect(driver.page.locator(".copy-text.copied")).to_have_count(1)
    assert driver.page.evaluate("navigator.clipboard.readText()") == (
        f"{FEW}\n\nSources:\n\n[1] river.pdf, page 3\n[2] moors.md, Where they begin\n"
    )
