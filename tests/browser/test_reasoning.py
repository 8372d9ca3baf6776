"""What is thought before an answer, in real windows: folded, growing, left as its reader has it."""

from playwright.sync_api import expect

from tests.browser.texts import LONG
from tests.browser.window import stored
from tests.scripted import Script

THOUGHT = "I think about **rivers**. " * 24 + "\n\n" + "- and of springs\n" * 6 + "\nSo be it."


def test_a_thought_is_folded_and_once_unfolded_it_stays_so(peculiar_server, upstream, ada, driver, viewer):
    upstream.scripts["scripted"] = Script(reasoning=THOUGHT, text=LONG)
    upstream.hold(300)
    url = driver.begin(peculiar_server.url, "What is a headwater?")
    fold = driver.page.locator(".reasoning")
    expect(fold.locator("summary")).to_have_text("Thinking…")
    expect(fold.locator(".thought")).not_to_be_visible()
    fold.locator("summary").click()
    expect(fold.locator(".thought")).to_be_visible()
    expect(fold.locator("strong").nth(3)).to_be_attached()
    viewer.page.goto(url)
    viewer.page.locator(".reasoning summary").press("Enter")
    upstream.hold(len(THOUGHT) + 130)
    driver.wait_for_text(120)  # who asked sees tokens, however long it was thought
    expect(viewer.answer).to_have_text(LONG[: LONG.index("glacier.") + len("glacier.")])
    upstream.let_go()
    for window in (driver, viewer):
        expect(window.page.locator(".reasoning summary")).to_contain_text("Thought for")
        window.wait_for_end()
        expect(window.page.locator(".reasoning .thought")).to_be_visible()
        expect(window.page.locator(".reasoning .thought li")).to_have_count(6)
        assert window.text == LONG
        assert all(LONG.startswith(text) for text in window.seen)
        assert window.misdeeds() == []
    assert stored(ada, url)["text"] == LONG
    said = driver.page.locator("#status")
    expect(said).to_contain_text("Answer complete.")
    assert "I think about" not in said.text_content()
    driver.page.reload()
    expect(driver.page.locator(".reasoning .thought")).not_to_be_visible()
