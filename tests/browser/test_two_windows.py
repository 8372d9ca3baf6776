"""One conversation in two windows: tokens for the driver, batches for the viewer, one text in the end."""

from playwright.sync_api import expect

from tests.browser.texts import LONG, MARKDOWN, PROSE
from tests.browser.window import Window, stored
from tests.scripted import Script, said


def test_the_driver_sees_tokens_the_viewer_batches_and_both_the_same_in_the_end(
    peculiar_server, upstream, ada, driver, viewer
):
    script = upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(130)
    url = driver.begin(peculiar_server.url, "What is a headwater?")
    viewer.page.goto(url)
    expect(driver.answer).to_have_text(said(script, 130))
    expect(viewer.answer).to_have_text(LONG[: LONG.index("glacier.") + len("glacier.")])
    upstream.hold(200)
    expect(driver.answer).to_have_text(said(script, 200))
    upstream.let_go()
    for window in (driver, viewer):
        window.wait_for_end()
        assert window.text == LONG
        assert all(LONG.startswith(text) for text in window.seen), "a text that is no prefix was shown"
        assert window.misdeeds() == []
    assert stored(ada, url)["text"] == LONG
    assert upstream.count() == 1


def test_a_second_question_goes_on_in_the_same_page_and_shows_in_the_other(
    server, upstream, ada, driver, viewer
):
    upstream.scripts["scripted"] = Script(text="A **first** answer.")
    url = driver.begin(server.url, "One?")
    driver.wait_for_end()
    viewer.page.goto(url)
    upstream.scripts["scripted"] = Script(text=PROSE)
    driver.ask("Two?")
    for window in (driver, viewer):
        expect(window.page.locator(".message")).to_have_count(4)
        window.wait_for_end()
        assert window.text == PROSE
        assert window.page.locator(".message.user .text").all_text_contents() == ["One?", "Two?"]
    expect(driver.page.locator("#ask")).to_have_value("")
    assert [turn["content"] for turn in upstream.log[-1].messages if turn["role"] != "system"] == [
        "One?", "A **first** answer.", "Two?",
    ]  # fmt: skip


def test_what_grew_is_what_a_fresh_page_shows(server, upstream, ada, driver, viewer, somebody):
    upstream.scripts["scripted"] = Script(text=MARKDOWN, pace=300, slice=7)
    url = driver.begin(server.url, "Everything, please.")
    viewer.page.goto(url)
    driver.wait_for_end()
    viewer.wait_for_end()
    assert stored(ada, url)["text"] == MARKDOWN
    plain = somebody(java_script_enabled=False, storage_state=ada.storage_state())
    fresh = Window(plain.new_page())
    fresh.page.goto(url)
    shape = fresh.shape
    assert "<table>" in shape
    assert driver.shape == shape
    assert viewer.shape == shape
    assert driver.misdeeds() == viewer.misdeeds() == []


def test_stop_in_one_window_stops_it_in_both(server, upstream, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(text=PROSE)
    upstream.hold(60)
    url = driver.begin(server.url, "Go on for ever.")
    viewer.page.goto(url)
    viewer.wait_for_text(20)
    viewer.page.locator("#stop").click()
    for window in (driver, viewer):
        window.wait_for_end()
    assert stored(ada, url)["status"] == "stopped"
    assert driver.text == viewer.text == stored(ada, url)["text"]
