"""The live link: people without an account watch the answer grow, and can do nothing else."""

from playwright.sync_api import expect

from tests.browser.texts import LONG
from tests.browser.window import Window
from tests.scripted import Script


def test_a_stranger_watches_until_the_link_is_taken_back(server, upstream, driver, somebody):
    upstream.scripts["scripted"] = Script(text="First.")
    driver.begin(server.url, "A first question")
    driver.wait_for_end()
    link = make_link(driver)
    stranger = somebody()
    window = Window(stranger.new_page())
    window.page.goto(link)
    expect(window.answer).to_have_text("First.")
    assert window.page.locator("form:not(.fork):visible").count() == 0
    assert stranger.cookies() == [], "a share page must not set a cookie"

    upstream.scripts["scripted"] = Script(text=LONG)
    upstream.hold(100)
    driver.page.keyboard.press("Escape")
    driver.ask("And now at length")
    window.wait_for_text(60)
    expect(driver.page.locator(".state.live")).to_have_count(1)
    upstream.let_go()
    window.wait_for_end()
    driver.wait_for_end()
    assert window.text == driver.text == LONG
    assert all(LONG.startswith(text) for text in window.seen if text != "First.")
    assert window.misdeeds() == []

    driver.page.locator("header [popovertarget=share]").click()
    driver.page.get_by_role("button", name="Stop sharing").click()
    expect(window.page.locator("#line-note")).to_contain_text("no longer shared")
    answer = window.page.goto(link)
    assert answer is not None
    assert answer.status == 404


def test_a_look_at_the_panel_that_comes_late_takes_no_link_away(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text="First.")
    driver.begin(server.url, "A first question")
    driver.wait_for_end()
    driver.page.route("**/sharing", lambda route: None)  # of before there was a link, and not answered yet
    with driver.page.expect_event("requestfailed", lambda given_up: given_up.url.endswith("/sharing")):
        make_link(driver)
    expect(driver.page.locator("#share-url")).to_be_visible()


def make_link(owner: Window) -> str:
    """Share the conversation that is open in this window; returns the address."""
    owner.page.locator("header [popovertarget=share]").click()
    owner.page.get_by_role("button", name="Make a live link").click()
    field = owner.page.locator("#share-url")
    expect(field).to_be_visible()
    return str(field.input_value())
