"""What tests may ask for: the real server, the scripted upstream, people. And: in CI a skip is a failure."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.person import Person
from tests.server import RealServer
from tests.upstream import Upstream

STARTED = pytest.StashKey[list[RealServer]]()

ServerFactory = Callable[..., RealServer]


@pytest.fixture
def server_factory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerFactory]:
    """Start servers, each with a folder of its own; all are gone when the test is over."""
    servers: list[RealServer] = request.node.stash.setdefault(STARTED, [])

    def start(**environment: str) -> RealServer:
        folder = tmp_path / f"server{len(servers)}"
        folder.mkdir()
        servers.append(RealServer(folder, **environment))
        return servers[-1].start()

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """The scripted OpenAI-compatible server; the model of a question says how it answers."""
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def server(server_factory: ServerFactory, upstream: Upstream) -> RealServer:
    """A server in front of the scripted upstream."""
    return server_factory(OPENAI_BASE_URL=upstream.url, OPENAI_API_KEY="scripted", CHAT_MODEL="scripted")


@pytest.fixture
def person(server: RealServer) -> Person:
    """Somebody signed in at `server`."""
    return Person.sign_in(server.url, "Ada")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show the servers' logs beside a failure; turn a skip into one where STRICT_SKIPS is set."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    if report.failed:
        for server in item.stash.get(STARTED, []):
            report.sections.append((f"log of {server.folder.name}", server.logs[-6000:]))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report = yield
    if report.skipped:
        _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("STRICT_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, and here a skip is a failure (STRICT_SKIPS): {report.longrepr}"
