"""/demo and pages without JavaScript."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.texts import PROSE
from tests.browser.window import Window
from tests.scripted import Script
from tests.server_promises.waiting import until


def test_the_demo_shows_driver_and_viewer_side_by_side(server, upstream, ada):
    upstream.scripts["scripted"] = Script(text=PROSE)
    window = Window(ada.new_page())
    window.page.goto(f"{server.url}/demo")
    driver, viewer = (window.page.frame_locator("iframe").nth(i) for i in range(2))
    driver.locator("#ask").fill("What is a headwater?")
    driver.locator("#ask").press("Enter")
    for frame in (driver, viewer):
        expect(frame.locator(".message.assistant .state")).to_have_class("state done")
        expect(frame.locator(".message.assistant > .text")).to_have_text(PROSE)
    assert viewer.locator("#ask").count() == 0
    assert upstream.count() == 1
    assert window.misdeeds() == []
    window.page.reload()
    expect(driver.locator(".message.assistant > .text")).to_have_text(PROSE)


def test_without_javascript_one_can_ask_and_read_on_by_reloading(server, upstream, somebody):
    upstream.scripts["scripted"] = Script(text=PROSE)
    page = somebody(java_script_enabled=False).new_page()
    page.goto(server.url)
    answer = page.locator(".message.assistant > .text")
    upstream.hold(60)
    page.locator("#ask").fill("Does it work?")
    page.locator("button.send").click()
    page.wait_for_url("**/c/*")
    reload_until(page, lambda: len(answer.text_content() or "") > 50)
    upstream.hold(120)
    with page.expect_navigation():
        page.get_by_role("link", name="Reload").click()
    reload_until(page, lambda: len(answer.text_content() or "") > 110)
    expect(page.locator(".js-only:visible")).to_have_count(0)
    upstream.let_go()
    reload_until_answered(page)
    expect(answer).to_have_text(PROSE)
    upstream.scripts["scripted"] = Script(text="Plainly answered.")
    page.locator("#ask").fill("Twice?")
    page.locator("button.send").click()
    expect(page.locator(".message.user .text").last).to_have_text("Twice?")
    reload_until_answered(page)
    expect(answer).to_have_text([PROSE, "Plainly answered."])


def reload_until_answered(page: Page) -> None:
    """Do what somebody without JavaScript does. Nobody drives: the server starts it after a few seconds."""
    reload_until(page, lambda: page.locator(".state.live").count() == 0)


def reload_until(page: Page, true: Callable[[], bool]) -> None:
    """Load the page anew until it shows what is waited for."""
    until(lambda: true() or (page.reload() and true()), every=0.3)
