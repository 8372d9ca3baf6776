"""The library and a conversation's documents in a browser: files come in, their progress moves by itself."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import People
from tests.browser.test_access import faults
from tests.browser.window import Window
from tests.server import RealServer
from tests.upstream import Upstream

PNG = b"\x89PNG\r\n\x1a\n\0\0"
RIVERS = "# Rivers\n\nA river begins at a spring.\n\n## The end\n\nIt ends in the sea.\n"
FOLDER = Path(__file__).parent


def file(name: str, text: str | bytes = RIVERS) -> Any:
    data = text.encode() if isinstance(text, str) else text
    return {"name": name, "mimeType": "text/plain", "buffer": data}


# Files as a hand drops or pastes them.
DROP = """
([name, text, kind]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name, { type: "text/plain" }));
  const options = { dataTransfer, bubbles: true, cancelable: true };
  if (kind === "paste") {
    const pasted = { clipboardData: dataTransfer, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new ClipboardEvent("paste", pasted));
  } else document.body.dispatchEvent(new DragEvent(kind, options));
}
"""


def hand(page: Page, kind: str, name: str, text: str = RIVERS) -> None:
    page.evaluate(DROP, [name, text, kind])


def test_a_file_is_chosen_read_and_opened(server: RealServer, driver: Window) -> None:
    page = driver.page
    page.goto(f"{server.url}/library")
    expect(page.get_by_text("Nothing has been added yet.")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([file("Rivers.md"), file("Springs.txt", "A spring.")])
    rows = page.locator(".document")
    expect(rows).to_have_count(2)
    expect(page.locator("#uploads li")).to_have_count(0)
    expect(page.locator(".document.ready")).to_have_count(2)  # by itself
    page.get_by_text("Rivers.md").click()
    expect(page.locator(".passage-text").first).to_have_text("A river begins at a spring.")
    expect(page.locator(".passage h2").last).to_have_text("Rivers › The end")
    assert driver.misdeeds() == []


def test_what_is_refused_says_why_where_it_was_added(server: RealServer, driver: Window) -> None:
    page = driver.page
    page.goto(f"{server.url}/library")
    page.set_input_files("#file", [file("Picture.png", PNG), file("Rivers.md")])
    failed = page.locator("#uploads .failed")
    expect(failed).to_contain_text("Files of the kind .png cannot be read.")
    expect(page.locator(".document")).to_have_count(1), "the others come all the same"
    failed.get_by_role("button").click()
    expect(page.locator("#uploads li")).to_have_count(0)


def test_what_is_too_large_is_not_even_sent(peculiar_server: RealServer, driver: Window) -> None:
    driver.page.goto(f"{peculiar_server.url}/library")
    driver.page.set_input_files("#file", file("Rivers.txt", "a" * 1001))
    expect(driver.page.locator("#uploads .failed")).to_contain_text("is larger than 1000 bytes")
    assert not [one for one in driver.requests if one.method == "POST"]


def test_files_are_dropped_and_pasted_anywhere(server: RealServer, driver: Window) -> None:
    page = driver.page
    page.goto(f"{server.url}/library")
    sign = page.locator("#drop")
    expect(sign).to_be_hidden()
    hand(page, "dragenter", "Rivers.md")
    expect(sign).to_be_visible()
    expect(sign).to_contain_text("your library")
    hand(page, "dragleave", "Rivers.md")
    expect(sign).to_be_hidden()
    hand(page, "dragenter", "Rivers.md")
    hand(page, "drop", "Rivers.md")
    expect(sign).to_be_hidden()
    expect(page.locator(".document")).to_have_count(1)
    hand(page, "paste", "Springs.md")
    expect(page.locator(".document")).to_have_count(2)


def test_another_window_sees_them_come_and_go(server: RealServer, driver: Window, viewer: Window) -> None:
    for window in (driver, viewer):
        window.page.goto(f"{server.url}/library")
    driver.page.set_input_files("#file", file("Rivers.md"))
    expect(viewer.page.locator(".document")).to_contain_text("Rivers.md")
    row = driver.page.locator(".document")
    row.get_by_label("More: Rivers.md").click()
    name = driver.page.locator("#menu-name")
    name.fill("Streams.md")
    name.press("Enter")
    expect(viewer.page.locator(".document")).to_contain_text("Streams.md")
    row.get_by_label("More: Streams.md").click()
    driver.page.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    expect(viewer.page.locator(".document")).to_have_count(0)
    driver.page.locator("#notice").get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("Streams.md")
    expect(viewer.page.locator(".document")).to_contain_text("Streams.md")


def test_a_first_file_begins_a_conversation_and_what_was_typed_comes_along(
    server: RealServer, driver: Window, ada: BrowserContext
) -> None:
    page = driver.page
    page.goto(server.url)
    page.locator("#ask").fill("Where does it begin?")
    page.locator(".attach").click()
    page.locator("#choice-system").evaluate("field => { field.value = 'Be brief.' }")
    page.get_by_label("Also use my library").uncheck()
    page.set_input_files("#file", [file("Rivers.md"), file("Springs.md")])
    page.wait_for_url("**/c/*")
    expect(page.locator("#ask")).to_have_value("Where does it begin?")
    expect(page.locator(".strip li")).to_have_count(2)
    page.locator(".attach").click()
    expect(page.get_by_label("Also use my library")).not_to_be_checked()
    conversation = ada.request.get(f"{server.url}/api/conversations/{page.url.rpartition('/')[2]}").json()
    assert (conversation["system"], conversation["library"]) == ("Be brief.", False)
    page.goto(server.url)
    expect(page.locator("#ask")).to_have_value("")


def test_what_could_not_be_added_is_told_where_the_rest_has_gone(server: RealServer, driver: Window) -> None:
    page = driver.page
    page.goto(server.url)
    expect(page.locator(".welcome-documents")).to_contain_text("Add documents")
    page.set_input_files("#file", [file("Rivers.md"), file("photo.png", PNG)])
    page.wait_for_url("**/c/*")
    expect(page.locator("#uploads .failed")).to_contain_text("Files of the kind .png cannot be read.")
    expect(page.locator(".welcome h2")).to_contain_text("from your documents?")
    page.get_by_role("button", name="Dismiss: photo.png").click()
    expect(page.locator("#uploads li")).to_have_count(0)
    page.reload()
    expect(page.locator(".strip li")).to_have_count(1)
    expect(page.locator("#uploads li")).to_have_count(0)


def test_a_conversation_shows_what_it_was_given(
    server: RealServer, upstream: Upstream, driver: Window, viewer: Window
) -> None:
    url = driver.begin(server.url, "Where does it begin?")
    driver.wait_for_end()
    viewer.page.goto(url)
    driver.page.locator(".attach").click()
    expect(driver.page.locator("#documents")).to_be_visible()
    driver.page.set_input_files("#file", file("Rivers.md"))
    expect(driver.page.locator("#documents")).to_be_hidden()
    for window in (driver, viewer):
        expect(window.page.locator(".strip .ready")).to_contain_text("Rivers.md")
    driver.page.locator(".attach").click()
    with driver.page.expect_response(lambda answer: answer.request.method == "POST"):
        driver.page.get_by_label("Also use my library").uncheck()
    viewer.page.reload()
    viewer.page.locator(".attach").click()
    expect(viewer.page.get_by_label("Also use my library")).not_to_be_checked()
    assert driver.misdeeds() == []


def test_nothing_is_asked_while_files_are_on_their_way(server: RealServer, driver: Window) -> None:
    page = driver.page
    page.goto(server.url)
    page.route("**/api/documents*", lambda route: None)  # it takes for ever
    page.set_input_files("#file", file("Rivers.md"))
    expect(page.locator("#uploads li")).to_contain_text("Rivers.md")
    driver.ask("Where does it begin?")
    expect(page.locator("#trouble")).to_contain_text("Your files are still on their way.")
    assert "/c/" not in page.url
    page.get_by_role("button", name="Stop Rivers.md").click()
    expect(page.locator("#uploads li")).to_have_count(0)


def test_an_address_leads_to_the_sentence(server: RealServer, driver: Window, ada: BrowserContext) -> None:
    page = driver.page
    page.goto(f"{server.url}/library")
    long = "\n\n".join(f"## Part {n}\n\nThis is what part {n} says. And more of it." for n in range(1, 150))
    page.set_input_files("#file", file("Parts.md", long))
    expect(page.locator(".document.ready")).to_have_count(1)
    address = page.locator(".document a").first.get_attribute("href")
    page.goto(f"{server.url}{address}?at=100&quote=This+is+what+part+100+says.#p100")
    mark = page.locator(".passage:target mark")
    expect(mark).to_have_text("This is what part 100 says.")
    expect(mark).to_be_in_viewport()
    page.goto("about:blank")
    page.goto(f"{server.url}{address}#p149")  # of another page: its own part of the address asks for it
    expect(page.locator(".passage:target")).to_contain_text("This is what part 149 says.")


def test_a_page_that_waits_shows_the_text_when_it_is_read(
    server: RealServer, driver: Window, ada: BrowserContext
) -> None:
    page = driver.page
    page.goto(f"{server.url}/library")
    page.set_input_files("#file", file("Long.txt", "A river begins at a spring. " * 20_000))
    page.locator(".document").get_by_text("Long.txt").click()
    expect(page.locator(".passage").first).to_contain_text("A river begins")
    expect(page.locator("#document-state")).to_have_count(0)


def test_without_scripts_forms_do_all_of_it(server: RealServer, somebody: People) -> None:
    page = somebody(java_script_enabled=False).new_page()
    page.goto(f"{server.url}/library")
    page.set_input_files("#file", [file("Rivers.md"), file("Springs.md")])
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".document")).to_have_count(2)
    page.get_by_label("More: Rivers.md").click()
    page.locator("#menu-name").fill("Streams.md")
    page.get_by_role("button", name="Rename").click()
    expect(page).to_have_title(re.compile("Streams.md"))
    page.get_by_label("More: Streams.md").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".document")).to_have_count(2)
    page.goto(server.url)
    page.locator(".attach").click()
    page.set_input_files("#file", file("Wells.md"))
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/c/*")
    expect(page.locator(".strip")).to_contain_text("Wells.md")


def test_a_hostile_name_and_text_are_text(server: RealServer, driver: Window) -> None:
    page = driver.page
    page.goto(f"{server.url}/library")
    hostile = '"><img src=x onerror=alert(1)><script>alert(2)<.html'
    inside = "<script>alert(3)</script><p>A river <b onclick=alert(4)>begins</b>."
    inside += " &lt;img src=x onerror=alert(5)&gt;</p>"
    page.set_input_files("#file", file(hostile, inside))
    expect(page.locator(".document.ready")).to_have_count(1)
    page.locator(".document a").first.click()
    expect(page.locator(".passage")).to_contain_text("<img src=x onerror=alert(5)>")
    with page.expect_download() as saving:
        page.get_by_role("link", name="Original").click()
    assert saving.value.suggested_filename.endswith(".html")
    assert driver.misdeeds() == []


def test_axe_finds_nothing_serious_in_any_of_it(server: RealServer, driver: Window) -> None:
    page = driver.page
    page.goto(f"{server.url}/library")
    assert faults(page) == []
    page.set_input_files("#file", [file("Picture.png", PNG), file("Rivers.md")])
    expect(page.locator(".document.ready")).to_have_count(1)
    expect(page.locator("#uploads .failed")).to_have_count(1)
    assert faults(page) == []
    page.locator(".document a").first.click()
    expect(page.locator(".passage").first).to_be_visible()
    assert faults(page) == []
    page.goto(server.url)
    page.locator(".attach").click()
    assert faults(page) == []
