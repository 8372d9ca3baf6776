"""Pages of other origins: those that are listed may import stream.js and use the API, the others may not."""

from playwright.sync_api import expect

from tests.browser.texts import PROSE
from tests.person import Person
from tests.scripted import Script


def test_a_listed_page_elsewhere_drives_a_stream(peculiar_server, upstream, ada, elsewhere):
    upstream.scripts["scripted"] = Script(text=PROSE)
    person = Person.sign_in(peculiar_server.url, "Ada")
    asked = person.ask()
    page = ada.new_page()
    page.goto(f"{elsewhere}/#{peculiar_server.url} {asked.stream_id} {person.token}")
    expect(page.locator("#status")).to_have_text("done")
    expect(page.locator("#text")).to_have_text(PROSE)
    assert upstream.count() == 1


def test_a_page_that_is_not_listed_reads_nothing(server, upstream, ada, elsewhere):
    upstream.hold(0)
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask()
    page = ada.new_page()
    with page.expect_console_message(lambda line: "CORS policy" in line.text):
        page.goto(f"{elsewhere}/#{server.url} {asked.stream_id} {person.token}")
    expect(page.locator("#status")).to_have_text("waiting")
    expect(page.locator("#text")).to_be_empty()
    person.stop(asked.stream_id)  # nobody drives it: the server would ask seconds later, in another test
