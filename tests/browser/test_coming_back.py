"""Reloads, broken lines, hidden windows, dead servers: nothing lost, nothing doubled, nothing asked twice."""

import gevent
from playwright.sync_api import expect

from tests.browser.texts import LONG
from tests.browser.window import stored
from tests.scripted import Script


def test_a_reload_in_mid_answer_has_the_text_at_once_and_goes_on(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text=LONG, pace=40)
    url = driver.begin(server.url, "What is a headwater?")
    before = driver.wait_for_text(120)
    while len(stored(ada, url)["text"]) < 100:  # a reload finds what is stored, not the tail
        driver.page.wait_for_timeout(50)
    driver.page.reload(wait_until="domcontentloaded")
    at_once = driver.seen[0]
    assert len(at_once) > 60, "the page came without the text so far"
    assert LONG.startswith(at_once)
    assert before.startswith(at_once[:60])
    driver.wait_for_text(len(at_once) + 60)
    driver.wait_for_end()
    assert driver.text == LONG
    assert all(LONG.startswith(text) for text in driver.seen)
    assert upstream.count() == 1
    posts = [r.url for r in driver.requests if r.method == "POST" and "/api/streams/" in r.url]
    assert len(posts) == 1, "the reload drove again"
    assert stored(ada, url)["text"] == LONG


def test_a_line_that_breaks_and_comes_back_misses_nothing(server, upstream, cable, ada, driver):
    upstream.scripts["scripted"] = Script(text=LONG, pace=30)
    url = driver.begin(cable.url, "What is a headwater?")
    driver.wait_for_text(100)
    cable.pull()
    expect(driver.page.locator("#line-note")).to_be_visible()
    gevent.sleep(1)
    cable.plug_in()
    expect(driver.page.locator("#line-note")).to_be_hidden()
    driver.wait_for_end()
    assert driver.text == LONG
    assert upstream.count() == 1
    assert stored(ada, url)["text"] == LONG


def test_a_line_that_breaks_again_and_again(server, upstream, cable, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(text=LONG, pace=25)
    url = driver.begin(cable.url, "What is a headwater?")
    viewer.page.goto(url)
    for _ in range(6):
        driver.page.wait_for_timeout(700)
        cable.pull()
        cable.plug_in()
    for window in (driver, viewer):
        window.wait_for_end()
        assert window.text == LONG
        assert all(LONG.startswith(text) for text in window.seen)
    assert upstream.count() == 1


def test_a_hidden_window_pauses_and_catches_up(server, upstream, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(text=LONG, pace=40)
    url = driver.begin(server.url, "What is a headwater?")
    viewer.page.goto(url)
    viewer.wait_for_text(60)
    viewer.hide(True)
    viewer.page.wait_for_timeout(700)
    paused = viewer.text
    driver.wait_for_text(len(paused) + 200)
    assert viewer.text == paused, "a hidden window went on reading"
    viewer.hide(False)
    viewer.wait_for_text(len(paused) + 150)
    viewer.wait_for_end()
    assert viewer.text == LONG
    assert all(LONG.startswith(text) for text in viewer.seen)


def test_a_dead_server_leaves_an_answer_that_can_be_continued(server_factory, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text=LONG, pace=30)
    server = server_factory(
        OPENAI_BASE_URL=upstream.url,
        OPENAI_API_KEY="scripted",
        CHAT_MODEL="scripted",
        CHAT_ON_INTERRUPT="mark",
    )
    url = driver.begin(server.url, "What is a headwater?")
    driver.wait_for_text(150)
    server.kill()
    server.start()
    kept = stored(ada, url)["text"]
    assert LONG.startswith(kept)
    expect(driver.page.locator("form.continue button")).to_be_visible()
    upstream.scripts["scripted"] = Script(text=LONG[len(kept) :], pace=200)
    driver.page.locator("form.continue button").click()
    expect(driver.state).to_have_class("state done")
    driver.wait_for_end()
    assert driver.text == stored(ada, url)["text"] == LONG
