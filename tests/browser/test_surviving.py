"""What a person in front of the page sees when processes die, leave, or lose their database."""

import re
import signal
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import People
from tests.browser.test_demo import reload_until_answered
from tests.browser.texts import LONG
from tests.browser.window import Window, stored
from tests.conftest import ServerFactory
from tests.scripted import Script
from tests.server import RealServer
from tests.server_promises.waiting import until
from tests.services import fresh_database
from tests.upstream import Upstream
from torture.database import Database

CONTINUED = "Continued after an interruption"
# Selects some of the answer's first words, in however many pieces they came.
SELECT = """() => {
  const paragraph = document.querySelector(".message.assistant > .text p");
  const text = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT), ends = [2, 20], places = [];
  for (let node = text.nextNode(), at = 0; node && ends.length; at += node.length, node = text.nextNode())
    while (ends.length && ends[0] <= at + node.length) places.push(node, ends.shift() - at);
  getSelection().setBaseAndExtent(...places);
}"""
TEXT = LONG * 3
PART = len(TEXT) // 3  # is said, and the rest held back until the windows have come
PACE = 200  # tokens a second


@dataclass
class Audience:
    """Who watches one answer: its driver, another window of the same person, somebody with the live link."""

    context: BrowserContext
    url: str
    driver: Window
    viewer: Window
    guest: Window

    @property
    def windows(self) -> tuple[Window, ...]:
        return self.driver, self.viewer, self.guest

    def stored(self) -> dict[str, Any]:
        return stored(self.context, self.url)

    def watch(self, size: int) -> None:
        """Wait until each has that much, and mark each page: a reload would take the mark away."""
        for window in self.windows:
            window.wait_for_text(size)
            window.page.evaluate("window.unbroken = true")

    def expect_the_end(self, text: str, status: str = "done") -> None:
        """Wait until the answer is `text` everywhere, without a reload and without a word lost or doubled."""
        for window in self.windows:
            expect(window.state).to_have_class(f"state {status}")
            window.wait_for_end()
            assert window.text == text
            assert [seen for seen in window.seen if not text.startswith(seen)] == []
            assert window.page.evaluate("window.unbroken"), "the page was loaded anew"
            assert window.misdeeds() == []
            expect(window.page.locator("#line-note")).to_be_hidden()
        assert self.stored()["text"] == text


class House:
    """A server of a test, with a scripted provider that goes on where a cut answer stops."""

    def __init__(self, servers: ServerFactory, upstream: Upstream, somebody: People) -> None:
        self._servers = servers
        self.somebody = somebody
        self.upstream = upstream

    def open(self, workers: int = 1, **environment: str) -> RealServer:
        self.says(TEXT)
        self.upstream.hold(PART)
        self.server = self._servers(
            OPENAI_BASE_URL=self.upstream.url,
            OPENAI_API_KEY="scripted",
            CHAT_MODEL="scripted",
            CHAT_SESSION_RATE="0",
            WEB_CONCURRENCY=str(workers),
            **environment,
        )
        self.server.wait_for_workers()
        return self.server

    def says(self, text: str) -> None:
        """Say what is answered from now on; asked to go on with a cut answer, it does, exactly there."""
        self.upstream.scripts["scripted"] = Script(text=text, pace=PACE, continues=True)

    def gather(self) -> Audience:
        """Let three windows watch an answer that has begun."""
        context = self.somebody()
        driver, viewer, guest = (Window(one.new_page()) for one in (context, context, self.somebody()))
        url = driver.begin(self.server.url, "What is a headwater?")
        shared = context.request.post(api_of(url) + "/share", headers={"Origin": self.server.url})
        guest.page.goto(shared.json()["url"])
        viewer.page.goto(url)
        audience = Audience(context, url, driver, viewer, guest)
        audience.watch(100)
        return audience

    def generating(self) -> psutil.Process:
        """Give the process that writes the answer."""
        database = Database(self.server.environment["DATABASE_URL"])
        [held] = until(database.live)
        assert held.pid is not None
        return psutil.Process(held.pid)


@pytest.fixture
def house(server_factory: ServerFactory, upstream: Upstream, somebody: People) -> House:
    return House(server_factory, upstream, somebody)


def api_of(url: str) -> str:
    """Give the API's address of the conversation whose page that is."""
    base, _, conversation = url.partition("/c/")
    return f"{base}/api/conversations/{conversation}"


def drives(window: Window) -> int:
    """Count how often this page asked a server to start an answer, or to go on with one."""
    return sum(r.method == "POST" and "/api/streams/" in r.url for r in window.requests)


@pytest.mark.parametrize("carrier", ["two workers", "the only worker", "two workers with redis"])
def test_a_worker_dies_and_the_answer_goes_on_in_every_window(house, request, carrier):
    if carrier.endswith("redis"):
        urls = {"DATABASE_URL": "postgres_url", "REDIS_URL": "redis_url"}
        house.open(2, **{name: request.getfixturevalue(fixture) for name, fixture in urls.items()})
    else:
        house.open(1 if "only" in carrier else 2)
    audience = house.gather()
    for window in audience.windows:
        window.wait_for_stored(TEXT[:40])  # what the driver has read beyond it, it shows anew each time
        window.page.evaluate(SELECT)
    house.generating().kill()
    house.upstream.hold(2 * PART)
    for window in audience.windows:
        expect(window.state.locator(".state-aside")).to_have_text(CONTINUED)
        expect(window.state).to_have_class("state live")
    house.upstream.let_go()
    audience.expect_the_end(TEXT)
    for window in audience.windows:
        expect(window.state.locator(".state-aside")).to_have_text(CONTINUED)
    assert drives(audience.driver) == 1
    assert drives(audience.viewer) == drives(audience.guest) == 0
    for window in audience.windows:
        assert window.page.evaluate("getSelection().toString()") == TEXT[2:20]
    audience.viewer.page.reload()
    expect(audience.viewer.state.locator(".state-aside")).to_have_text(CONTINUED)
    expect(audience.viewer.page.locator(".state-aside")).to_have_count(1)


def test_a_server_that_restarts_takes_its_answer_and_its_windows_along(house):
    server = house.open(CHAT_GRACE_S="0")
    audience = house.gather()
    server.stop()
    house.upstream.hold(2 * PART)
    for window in audience.windows:
        expect(window.page.locator("#line-note")).to_have_text("Reconnecting…")
        expect(window.state).to_have_class("state live")
    kept = audience.viewer.text
    server.start()
    for window in audience.windows:
        window.wait_for_text(len(kept) + 1)
        expect(window.page.locator("#line-note")).to_be_hidden()
    house.upstream.let_go()
    audience.expect_the_end(TEXT)
    expect(audience.guest.state.locator(".state-aside")).to_have_text(CONTINUED)
    assert drives(audience.driver) == 1


def test_where_nothing_goes_on_by_itself_any_window_of_the_owner_continues_it(house):
    house.open(2, CHAT_ON_INTERRUPT="mark")
    audience = house.gather()
    house.generating().kill()
    house.upstream.let_go()
    for window in audience.windows:
        expect(window.state).to_have_class("state interrupted")
        expect(window.state.locator(".state-note")).to_contain_text("What was written so far is kept")
        expect(window.state.locator(".state-aside")).to_have_count(0)
    # Who reads a link may copy, and no more.
    expect(audience.guest.state.get_by_role("button")).to_have_accessible_name(re.compile("Copy"))
    for window in (audience.viewer, audience.driver):  # both, as two people would
        window.page.evaluate("document.querySelector('form.continue button')?.click()")
    for window in audience.windows:
        expect(window.state.locator(".state-aside")).to_have_text(CONTINUED)
    audience.expect_the_end(TEXT)
    assert house.upstream.count() == 2, "two clicks are one continuation"


def test_a_continue_that_comes_to_nothing_is_said_and_can_be_tried_again(house):
    house.open(CHAT_ON_INTERRUPT="mark")
    audience = house.gather()
    house.generating().kill()
    house.upstream.let_go()
    driver = audience.driver
    expect(driver.state).to_have_class("state interrupted")
    refusal = {"error": {"code": "restarting", "message": "The server is restarting."}}
    driver.page.route(
        re.compile("resume=1"),
        lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}, json=refusal),
        times=1,
    )
    go_on = driver.state.locator("form.continue button")
    go_on.click()
    expect(driver.page.locator("#trouble")).to_contain_text("Try again in a moment")
    go_on.click()
    expect(driver.page.locator("#trouble")).to_be_empty()
    audience.expect_the_end(TEXT)


def test_a_stop_in_any_window_ends_an_answer_that_was_taken_over(house):
    house.open(2)
    audience = house.gather()
    house.generating().kill()
    house.upstream.hold(2 * PART)
    expect(audience.viewer.state.locator(".state-aside")).to_have_text(CONTINUED)
    audience.viewer.page.locator("#stop").click()
    for window in audience.windows:
        expect(window.state).to_have_class("state stopped")
        expect(window.state.locator(".state-aside")).to_have_text(CONTINUED)
    audience.expect_the_end(audience.stored()["text"], "stopped")


def test_what_another_process_writes_otherwise_never_mixes_with_what_the_driver_had_read(house):
    house.open(2, CHAT_FLUSH_MS="20000", CHAT_CHUNK_BY="paragraph")
    driver = Window(house.somebody().new_page())
    url = driver.begin(house.server.url, "What is a headwater?")
    driver.wait_for_text(150)
    other = " ".join(["quite other words, to the end of it all."] * 6)
    house.upstream.scripts["scripted"] = Script(text=other, pace=PACE)
    house.generating().kill()
    house.upstream.let_go()
    driver.wait_for_text(1)
    expect(driver.state).to_have_class("state done")
    driver.wait_for_end()
    whole = stored(driver.page.context, url)["text"]
    assert whole.endswith(other)
    assert driver.text == whole
    mixed = [seen for seen in driver.seen if not (TEXT.startswith(seen) or whole.startswith(seen))]
    assert mixed == []


def test_a_question_asked_while_the_database_is_away_stays_and_is_asked_once(house, own_postgres, somebody):
    with fresh_database(own_postgres.address) as url:
        house.open(DATABASE_URL=url)
        house.says("Yes.")
        driver = Window(somebody().new_page())
        conversation = driver.begin(house.server.url, "First?")
        driver.wait_for_end()
        fresh, plain, bare = (
            one.new_page() for one in (somebody(), *[somebody(java_script_enabled=False)] * 2)
        )
        for page in (fresh, plain, bare):
            page.goto(house.server.url)
        bare.locator("#ask").fill("First?")
        bare.locator("button.send").click()
        expect(bare.locator(".message.assistant .state")).to_be_attached()
        reload_until_answered(bare)
        own_postgres.stop(signal.SIGINT)
        driver.ask("Second?")
        for page in (fresh, plain, bare):
            page.locator("#ask").fill("Second?")
            page.locator("button.send").click()
        expect(driver.page.locator("#trouble")).to_contain_text("Your text is still here")
        for page in (fresh, plain, bare):
            expect(page.get_by_role("alert")).to_contain_text("Your text is still here")
        for page in (driver.page, fresh, plain, bare):
            expect(page.locator("#ask")).to_have_value("Second?")
        own_postgres.start()
        until(house.server.ready)
        driver.page.locator("#ask").press("Enter")
        fresh.get_by_role("button", name="Retry").click()
        for page in (plain, bare):
            page.get_by_role("button", name="Send again").click()
        for page in (driver.page, bare):
            expect(page.locator(".message.user .text")).to_have_text(["First?", "Second?"])
        for page in (fresh, plain):
            expect(page.locator(".message.user .text")).to_have_text(["Second?"])
        driver.wait_for_end()
        assert driver.page.url.startswith(conversation)
        expect(driver.page.locator("#trouble")).to_be_empty()
