"""The line of a page to the server: one, honest about how it is, and none where nobody looks."""

import re

from playwright.sync_api import expect

from tests.browser.texts import PROSE
from tests.browser.window import Window
from tests.scripted import Script

EVENTS = re.compile("/events")

# What is asked for "at once" comes a little later: then htmx takes its first look over the page late.
LATE = "const soon = setTimeout; window.setTimeout = (act, ms, ...more) => soon(act, ms ?? 200, ...more);"


def lines(window: Window) -> int:
    return sum("/events" in request.url for request in window.requests)


def test_a_page_opens_one_line_however_late_htmx_looks_at_it(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="Short.")
    url = driver.begin(server.url, "Anything?")
    driver.wait_for_end()
    late = Window(ada.new_page())
    late.page.add_init_script(LATE)
    with late.page.expect_response(EVENTS):
        late.page.goto(url)
    driver.ask("And now?")
    expect(late.page.locator(".message.user")).to_have_count(2)
    assert lines(late) == 1


def test_a_page_says_that_its_line_is_down_and_that_it_is_back(server, upstream, cable, driver):
    upstream.scripts["scripted"] = Script(text="Short.")
    driver.begin(cable.url, "Anything?")
    driver.wait_for_end()
    note, heard = driver.page.locator("#line-note"), driver.page.locator("#status")
    expect(note).to_be_hidden()
    cable.pull()
    expect(note).to_have_text("Reconnecting…")
    expect(heard).to_have_text("Reconnecting…")
    cable.plug_in()
    expect(note).to_be_hidden()
    assert driver.told == ["Reconnecting…", "Back. Nothing was missed."]


def test_a_dead_line_is_noticed_within_forty_seconds(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="Short.")
    url = driver.begin(server.url, "Anything?")
    driver.wait_for_end()
    patient = Window(ada.new_page())
    patient.page.clock.install(time=0)
    patient.page.goto(url)
    patient.wait_for_line()
    with patient.page.expect_request(EVENTS):
        patient.page.clock.pause_at(3600)  # late, so it asks anew; from here on time is what the test says
    patient.wait_for_line(2)
    with patient.page.expect_request(EVENTS):
        patient.page.clock.fast_forward(40_000)  # the clock alone goes on: the server has not pinged
    patient.wait_for_line(3)
    asked = lines(patient)
    patient.page.clock.fast_forward(30_000)
    patient.page.clock.resume()
    driver.ask("And now?")
    expect(patient.page.locator(".message.user")).to_have_count(2)
    expect(patient.page.locator("#line-note")).to_be_hidden()
    assert lines(patient) == asked, "the server pings each 15 s, and one may be late"


def test_eight_tabs_share_six_lines_for_only_who_is_seen_holds_one(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="Short.")
    url = driver.begin(server.url, "Anything?")
    driver.wait_for_end()
    driver.hide(True)
    tabs = [driver]
    for _ in range(7):
        tab = Window(ada.new_page())
        with tab.page.expect_response(EVENTS):
            tab.page.goto(url)
        tab.hide(True)
        tabs.append(tab)
    upstream.scripts["scripted"] = Script(text=PROSE)
    last = tabs[-1]
    last.hide(False)
    last.ask("And now?")
    expect(last.answer).to_have_text(PROSE)
    assert driver.page.locator(".message.user").count() == 1, "a hidden tab went on reading"
    last.hide(True)
    driver.hide(False)
    expect(driver.page.locator(".message.user")).to_have_count(2)
    expect(driver.answer).to_have_text(PROSE)
