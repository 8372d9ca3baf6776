"""/demo and pages without JavaScript."""

from playwright.sync_api import Page, expect

from tests.browser.texts import PROSE
from tests.browser.window import Window
from tests.scripted import Script


def test_the_demo_shows_driver_and_viewer_side_by_side(server, upstream, ada):
    upstream.scripts["scripted"] = Script(text=PROSE, pace=40)
    window = Window(ada.new_page())
    window.page.goto(f"{server.url}/demo")
    driver, viewer = (window.page.frame_locator("iframe").nth(i) for i in range(2))
    driver.locator("#ask").fill("What is a headwater?")
    driver.locator("#ask").press("Enter")
    for frame in (driver, viewer):
        expect(frame.locator(".message.assistant .state")).to_have_class("state done")
        expect(frame.locator(".message.assistant .text")).to_have_text(PROSE)
    assert viewer.locator("#ask").count() == 0
    assert upstream.count() == 1
    assert window.misdeeds() == []
    window.page.reload()
    expect(driver.locator(".message.assistant .text")).to_have_text(PROSE)


def test_without_javascript_one_can_ask_and_read(server, upstream, somebody):
    upstream.scripts["scripted"] = Script(text="Plainly answered.")
    page = somebody(java_script_enabled=False).new_page()
    page.goto(server.url)
    page.locator("#ask").fill("Does it work?")
    page.locator("button.send").click()
    page.wait_for_url("**/c/*")
    reload_until_answered(page)
    expect(page.locator(".message.assistant .text")).to_have_text("Plainly answered.")
    page.locator("#ask").fill("Twice?")
    page.locator("button.send").click()
    expect(page.locator(".message.user .text").last).to_have_text("Twice?")
    reload_until_answered(page)
    expect(page.locator(".message.assistant .text")).to_have_text(["Plainly answered."] * 2)


def reload_until_answered(page: Page) -> None:
    """Do what somebody without JavaScript does. Nobody drives: the server starts it after a few seconds."""
    for _ in range(30):
        if page.locator(".state.live").count() == 0:
            return
        page.wait_for_timeout(500)
        page.reload()
