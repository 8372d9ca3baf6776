"""What tests may ask for: the real server, the scripted upstream, people. And: in CI a skip is a failure."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from chat import addresses
from tests.person import Person
from tests.server import RealServer
from tests.services import (
    Postgres,
    Redis,
    fresh_database,
    fresh_keys,
    standing_postgres,
    standing_redis,
)
from tests.upstream import Upstream

# A busy machine is no failure: how long an example takes, to make or to try, is not what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

STARTED = pytest.StashKey[list[RealServer]]()

ServerFactory = Callable[..., RealServer]


@pytest.fixture
def server_factory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerFactory]:
    """Start servers for this test alone, each with a folder of its own; all are gone when it is over."""
    servers: list[RealServer] = []

    def start(**environment: str) -> RealServer:
        folder = tmp_path / f"server{len(servers)}"
        folder.mkdir()
        servers.append(RealServer(folder, **environment))
        show_if_it_fails(request, servers[-1])
        return servers[-1].start()

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A scripted provider for this test alone; the model of a question says how it answers."""
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def standing_upstream() -> Iterator[Upstream]:
    """The scripted upstream behind `server`."""
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def _standing_server(
    standing_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealServer]:
    server = RealServer(
        tmp_path_factory.mktemp("server"),
        OPENAI_BASE_URL=standing_upstream.url,
        OPENAI_API_KEY="scripted",
        CHAT_MODEL="scripted",
        CHAT_SESSION_RATE="0",  # every test signs somebody in
        CHAT_ASK_ADDRESS_RATE="0",  # and asks, all from one address
    )
    yield server.start()
    server.kill()


@pytest.fixture
def server(request: pytest.FixtureRequest, _standing_server: RealServer) -> RealServer:
    """The server that all tests share, each with people of its own. Who stops one takes `server_factory`."""
    show_if_it_fails(request, _standing_server)
    return _standing_server


@pytest.fixture
def person(server: RealServer) -> Person:
    """Somebody signed in at `server`."""
    return Person.sign_in(server.url, "Ada")


@pytest.fixture(scope="session")
def _standing_postgres() -> Iterator[str]:
    with standing_postgres() as address:
        yield address


@pytest.fixture
def postgres_url(_standing_postgres: str) -> Iterator[str]:
    """An empty PostgreSQL database for this test alone, as SQLAlchemy names it."""
    with fresh_database(_standing_postgres) as url:
        yield addresses.database(url)


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL for this test alone, to stop, pause, kill and bring back; it keeps what it says."""
    with Postgres(durable=True) as server:
        yield server


@pytest.fixture(scope="session")
def _standing_redis() -> Iterator[str]:
    with standing_redis() as address:
        yield address


@pytest.fixture
def redis_url(_standing_redis: str) -> Iterator[str]:
    """An empty logical database of a Redis for this test alone; its channels are everybody's."""
    with fresh_keys(_standing_redis) as url:
        yield url


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis for this test alone, that it may flush, stop, pause, kill and bring back."""
    with Redis() as server:
        yield server


def show_if_it_fails(request: pytest.FixtureRequest, server: RealServer) -> None:
    """Print the server's log beside a failure of this test."""
    request.node.stash.setdefault(STARTED, []).append(server)


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
