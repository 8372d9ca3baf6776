"""Model output, questions and names are hostile: nothing runs, nothing is fetched, nothing is forged."""

from playwright.sync_api import expect

from tests.browser.texts import HOSTILE
from tests.browser.window import Window, stored
from tests.scripted import Script

FORBIDDEN = (
    "script, img, svg:not(.icon, .spring), iframe, style, base, object, embed, link, meta, input, hx-partial"
)


def test_hostile_markdown_is_inert(server, upstream, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(text=HOSTILE, pace=300, slice=7)
    url = driver.begin(server.url, HOSTILE)
    viewer.page.goto(url)
    for window in (driver, viewer):
        window.wait_for_end()
        assert_inert(window)
    viewer.page.reload()
    assert_inert(viewer)
    assert stored(ada, url)["text"] == HOSTILE


def assert_inert(window: Window) -> None:
    texts = window.page.locator(".message .text")
    assert texts.locator(FORBIDDEN).count() == 0
    attributes = window.page.evaluate(
        "[...document.querySelectorAll('.message .text *')].flatMap((e) => e.getAttributeNames())"
    )
    ours = {"class", "align", "start", "id", "data-o", "type", "aria-label", "tabindex"}
    assert set(attributes) <= ours | {"href", "rel"}
    links = window.page.evaluate("[...document.querySelectorAll('.message .text a')].map((a) => a.protocol)")
    assert set(links) <= {"http:", "https:", "mailto:"}
    window.page.mouse.move(200, 200)
    window.page.wait_for_timeout(300)
    assert window.misdeeds() == []
    assert [line for line in window.complaints if "Content Security" in line] == []


def test_a_hostile_title_and_name_are_text(server, upstream, ada, driver):
    upstream.scripts["scripted"] = Script(text="Fine.")
    name = "<script>alert(1)</script>"
    driver.page.goto(server.url)
    driver.page.locator("button.who").click()
    driver.page.locator("#name-field").fill(name)
    driver.page.locator("#name button").click()
    driver.page.wait_for_load_state()
    expect(driver.page.locator(".who-name")).to_have_text(name)
    driver.begin(server.url, "<img src=x onerror=alert(2)>\"'><b>")
    driver.wait_for_end()
    expect(driver.page.locator(".message.user .by b")).to_have_text(name)
    assert driver.misdeeds() == []
