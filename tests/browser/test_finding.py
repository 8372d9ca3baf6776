"""From a search to the message: the page stands there, and what was looked for is marked."""

from playwright.sync_api import expect

from tests.browser.texts import PROSE
from tests.scripted import Script

IN_VIEW = (
    "(message) => { const { top } = message.getBoundingClientRect(); return top >= 0 && top < innerHeight; }"
)
MARKED = """() => [...CSS.highlights.get("found")].map(
  ({ startContainer, startOffset, endOffset }) => startContainer.data.slice(startOffset, endOffset))"""


def test_a_hit_leads_to_its_message_even_where_the_title_has_the_word_too(server, upstream, driver):
    upstream.scripts["scripted"] = Script(text=PROSE * 4)
    driver.begin(server.url, "Springs, please")
    driver.wait_for_end()
    for number, question in enumerate(["And brooks?", "Which springs are warm?", "And the sea?"], 2):
        driver.ask(question)
        expect(driver.page.locator(".message")).to_have_count(number * 2)
        driver.wait_for_end()
    page = driver.page
    page.goto(f"{server.url}/search?q=springs")
    page.locator(".found li a", has_text="warm").click()
    page.wait_for_url("**/c/*found=springs*")
    hit = page.locator(".message:target")
    expect(hit).to_contain_text("Which springs are warm?")
    page.wait_for_function(IN_VIEW, arg=hit.element_handle())  # a browser goes there when it first paints
    assert page.evaluate(MARKED) == ["springs"]
    assert driver.misdeeds() == []
