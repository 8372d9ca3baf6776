"""Pages of other origins: those that are listed may import stream.js and use the API, the others may not."""

from collections.abc import Iterator

import pytest
from gevent.pywsgi import WSGIServer
from playwright.sync_api import expect

from tests.browser.texts import PROSE
from tests.person import Person
from tests.scripted import Script

PAGE = """<!doctype html><meta charset="utf-8"><title>Elsewhere</title><p id="text"></p><p id="status"></p>
<script type="module">
const [base, id, token] = decodeURIComponent(location.hash.slice(1)).split(" ");
const { openStream } = await import(`${base}/static/stream.js`);
const show = (s) => {
  document.querySelector("#text").textContent = s.text;
  document.querySelector("#status").textContent = s.ended ? s.status : s.connection;
};
openStream({ base, id, token, drive: true, onChange: show });
</script>"""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The origin of a page that is not ours."""

    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [PAGE.encode()]

    site = WSGIServer(("127.0.0.1", 0), answer, log=None)
    site.start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.stop(timeout=0)


def test_a_listed_page_elsewhere_drives_a_stream(server_factory, upstream, ada, elsewhere):
    upstream.scripts["scripted"] = Script(text=PROSE, pace=80)
    server = server_factory(
        OPENAI_BASE_URL=upstream.url,
        OPENAI_API_KEY="scripted",
        CHAT_MODEL="scripted",
        CHAT_CORS_ORIGINS=elsewhere,
    )
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask()
    page = ada.new_page()
    page.goto(f"{elsewhere}/#{server.url} {asked.stream_id} {person.token}")
    expect(page.locator("#status")).to_have_text("done")
    expect(page.locator("#text")).to_have_text(PROSE)
    assert upstream.count() == 1


def test_a_page_that_is_not_listed_reads_nothing(server, upstream, ada, elsewhere):
    person = Person.sign_in(server.url, "Ada")
    asked = person.ask()
    page = ada.new_page()
    page.goto(f"{elsewhere}/#{server.url} {asked.stream_id} {person.token}")
    expect(page.locator("#status")).to_have_text("waiting")
    expect(page.locator("#text")).to_be_empty()
