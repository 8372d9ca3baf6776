"""Reloads, broken lines, hidden windows, dead servers: nothing lost, nothing doubled, nothing asked twice."""

from playwright.sync_api import expect

from tests.browser.texts import LONG
from tests.browser.window import stored
from tests.scripted import Script, said
from tests.server_promises.waiting import until


def test_a_reload_in_mid_answer_has_the_text_at_once_and_goes_on(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(200)
    url = driver.begin(server.url, "What is a headwater?")
    kept = said(upstream.scripts["scripted"], 200)
    until(lambda: stored(ada, url)["text"] == kept)  # a reload finds what is stored, not the tail
    driver.page.reload(wait_until="domcontentloaded")
    assert driver.seen[0] == kept, "the page came without the text so far"
    upstream.let_go()
    driver.wait_for_end()
    assert driver.text == LONG
    assert all(LONG.startswith(text) for text in driver.seen)
    assert upstream.count() == 1
    posts = [r.url for r in driver.requests if r.method == "POST" and "/api/streams/" in r.url]
    assert len(posts) == 1, "the reload drove again"
    assert stored(ada, url)["text"] == LONG


def test_a_line_that_breaks_and_comes_back_misses_nothing(server, upstream, cable, ada, driver):
    upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(100)
    url = driver.begin(cable.url, "What is a headwater?")
    driver.wait_for_text(90)
    cable.pull()
    upstream.hold(300)
    until(lambda: len(stored(ada, url.replace(cable.url, server.url))["text"]) > 290)
    expect(driver.page.locator("#line-note")).to_be_visible()
    assert len(driver.text) <= 100
    cable.plug_in()
    expect(driver.page.locator("#line-note")).to_be_hidden()
    driver.wait_for_text(290)
    upstream.let_go()
    driver.wait_for_end()
    assert driver.text == LONG
    assert upstream.count() == 1
    assert stored(ada, url)["text"] == LONG


def test_a_line_that_breaks_again_and_again(server, upstream, cable, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(100)
    url = driver.begin(cable.url, "What is a headwater?")
    viewer.page.goto(url)
    for held in range(100, 600, 100):
        upstream.hold(held)
        for window in (driver, viewer):
            window.wait_for_text(held - 10)
        cable.pull()
        cable.plug_in()
    upstream.let_go()
    for window in (driver, viewer):
        window.wait_for_end()
        assert window.text == LONG
        assert all(LONG.startswith(text) for text in window.seen)
    assert upstream.count() == 1


def test_a_hidden_window_pauses_and_catches_up(server, upstream, ada, driver, viewer):
    script = upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(100)
    url = driver.begin(server.url, "What is a headwater?")
    viewer.page.goto(url)
    paused = said(script, 100)
    expect(viewer.answer).to_have_text(paused)
    viewer.hide(True)
    upstream.hold(300)
    driver.wait_for_stored(said(script, 300))  # it has come where somebody looks
    assert viewer.text == paused, "a hidden window went on reading"
    viewer.hide(False)
    viewer.wait_for_text(290)
    upstream.let_go()
    viewer.wait_for_end()
    assert viewer.text == LONG
    assert all(LONG.startswith(text) for text in viewer.seen)


def test_a_dead_server_leaves_an_answer_that_can_be_continued(server_factory, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(200)
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
    upstream.scripts["scripted"] = Script(text=LONG[len(kept) :])
    upstream.let_go()
    driver.page.locator("form.continue button").click()
    expect(driver.state).to_have_class("state done")
    driver.wait_for_end()
    assert driver.text == stored(ada, url)["text"] == LONG
