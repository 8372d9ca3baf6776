"""The system's Chromium, one for all browser tests, with a fresh person for each."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.cable import Cable
from tests.browser.elsewhere import site_elsewhere
from tests.browser.window import Window
from tests.conftest import show_if_it_fails
from tests.patience import PATIENCE_S
from tests.server import RealServer
from tests.server_promises.waiting import until
from tests.upstream import Upstream
from torture.database import Database

# For each window Chromium draws a page of suggestions for an address that nobody types: the first three are
# that. Of two lists of features the last counts, so the others repeat what matters here of Playwright's.
UNUSED = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,"
    "AimEnabled,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,MediaRouter,"
    "OptimizationHints,PaintHolding,ThirdPartyStoragePartitioning"
)
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

People = Callable[..., BrowserContext]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser on this machine (looked for {', '.join(NAMES)})")
    # Chromium refuses to sandbox what root starts.
    arguments = [f"--disable-features={UNUSED}", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def somebody(chromium: Browser) -> Iterator[People]:
    """Make people: each a browser of their own, without a cookie yet."""
    contexts: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        contexts.append(chromium.new_context(**options))  # type: ignore[arg-type]
        contexts[-1].set_default_timeout(PATIENCE_S * 1000)
        return contexts[-1]

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def upstream(request: pytest.FixtureRequest, standing_upstream: Upstream) -> Iterator[Upstream]:
    """The scripted provider behind `server`; a test says what it answers and finds only its own questions."""
    shared = {"server", "peculiar_server"} & set(request.fixturenames)
    servers: list[RealServer] = [request.getfixturevalue(name) for name in shared]
    _let_all_end(servers)
    standing_upstream.log.clear()
    yield standing_upstream
    standing_upstream.scripts.clear()
    standing_upstream.held_at.clear()
    _let_all_end(servers)


def _let_all_end(servers: list[RealServer]) -> None:
    """Wait for what a test has asked and left: what nobody drives begins seconds later, in the next test."""
    for server in servers:
        database = Database(server.environment["DATABASE_URL"])
        until(lambda there=database: not there.unfinished())


@pytest.fixture(scope="package")
def elsewhere() -> Iterator[str]:
    """The origin of a page that is not ours."""
    with site_elsewhere() as origin:
        yield origin


@pytest.fixture(scope="package")
def _peculiar_server(
    standing_upstream: Upstream, elsewhere: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    server = RealServer(
        tmp_path_factory.mktemp("peculiar"),
        OPENAI_BASE_URL=standing_upstream.url,
        OPENAI_API_KEY="scripted",
        CHAT_MODEL="scripted",
        CHAT_SESSION_RATE="0",
        CHAT_ASK_ADDRESS_RATE="0",
        CHAT_FLUSH_MS="60000",  # what is no whole sentence is not stored before the end
        CHAT_DOCUMENT_BYTES="1000",
        CHAT_CORS_ORIGINS=elsewhere,
    )
    yield server.start()
    server.kill()


@pytest.fixture
def peculiar_server(request: pytest.FixtureRequest, _peculiar_server: RealServer) -> RealServer:
    """Another server that tests share: of all settings that few of them need."""
    show_if_it_fails(request, _peculiar_server)
    return _peculiar_server


@pytest.fixture
def ada(somebody: People) -> BrowserContext:
    return somebody()


@pytest.fixture
def driver(ada: BrowserContext) -> Window:
    """Ada's first window, the one that asks."""
    return Window(ada.new_page())


@pytest.fixture
def viewer(ada: BrowserContext) -> Window:
    """Ada's second window."""
    return Window(ada.new_page())


@pytest.fixture
def cable(server: RealServer) -> Iterator[Cable]:
    """Another way to the server, which can be pulled."""
    with Cable(server.port) as cable:
        yield cable
