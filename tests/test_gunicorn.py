"""How the server is run: patched first, loud where it must be, and gone when told so."""

import gc
import importlib.util
import logging
import signal
from types import ModuleType, SimpleNamespace

import psutil
import pytest

from tests.conftest import ServerFactory
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.server import ROOT, RealServer
from tests.upstream import Upstream

CONFIGURATION = ROOT / "gunicorn.conf.py"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Load the file as gunicorn does, with these variables set; what it turns off is turned on again."""
    monkeypatch.chdir(tmp_path)

    def load(**environment: str) -> ModuleType:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("configuration", CONFIGURATION)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    gc.enable()


def master(*addresses: object) -> SimpleNamespace:
    return SimpleNamespace(log=logging.getLogger("master"), cfg=SimpleNamespace(address=list(addresses)))


def test_the_first_line_patches() -> None:
    assert "monkey.patch_all()" in CONFIGURATION.read_text().splitlines()[0]


def test_as_many_workers_run_as_are_asked_for_and_the_master_waits_for_their_last_answers(configured) -> None:
    configuration = configured(WEB_CONCURRENCY="4", CHAT_GRACE_S="20", CHAT_DRAIN_S="2")
    assert configuration.workers == 4
    assert configuration.graceful_timeout >= 20 + 2 + 2


@pytest.mark.parametrize(
    ("host", "environment", "warns"),
    [
        ("0.0.0.0", {"OPENAI_API_KEY": "sk"}, True),
        ("10.0.0.7", {"OPENAI_BASE_URL": "http://10.0.0.8/v1"}, True),
        ("0.0.0.0", {}, False),
        ("127.0.0.1", {"OPENAI_API_KEY": "sk"}, False),
        ("0.0.0.0", {"OPENAI_API_KEY": "sk", "CHAT_AUTH": "required"}, False),
    ],
)
def test_an_open_door_to_a_real_key_is_warned_of(
    configured, caplog: pytest.LogCaptureFixture, host: str, environment: dict[str, str], warns: bool
) -> None:
    configured(**environment).on_starting(master((host, 8000)))
    assert ("ANYBODY" in caplog.text) == warns


def test_garbage_is_collected_from_the_moment_that_a_process_is_ready(configured, tmp_path) -> None:
    server = RealServer(tmp_path, app="tests.seen_inside:app")
    server.forked = False
    try:
        seen = Person.sign_in(server.start().url).get("/inside")
    finally:
        server.kill()
    assert seen["collects"]
    assert seen["frozen"] > 10_000, "what was loaded is looked through"
    configuration = configured()
    assert not gc.isenabled()
    configuration.when_ready(master())
    gc.unfreeze()
    assert gc.isenabled()


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_whichever_signal_says_so_it_keeps_what_came_and_is_gone(
    server_factory: ServerFactory, upstream: Upstream, told: signal.Signals
) -> None:
    server = server_factory(
        OPENAI_BASE_URL=upstream.url, CHAT_GRACE_S="0", CHAT_DRAIN_S="20", CHAT_ON_INTERRUPT="mark"
    )
    assert f"Chat at {server.url}/ and the two-window demo at {server.url}/demo" in server.logs
    person = Person.sign_in(server.url)
    asked = person.ask(model="steady;tokens=9000;pace=60")  # longer than anybody has patience
    driver = person.drive_events(asked.stream_id)
    driver.response.read_at_least(400)
    family = [*server.workers, psutil.Process(server.pid)]
    for process in family:  # as Ctrl-C reaches them all
        process.send_signal(told)
    frames = list(driver)
    _, alive = psutil.wait_procs(family, PATIENCE_S)
    server.stop()
    server.start()

    assert alive == []
    assert (frames[-1].name, frames[-1].data["status"]) == ("end", "interrupted")
    assert person.state(asked.stream_id)["next_offset"] == frames[-1].data["offset"]


def test_an_answer_that_nobody_reads_has_the_time_of_grace_too(
    server_factory: ServerFactory, upstream: Upstream
) -> None:
    server = server_factory(OPENAI_BASE_URL=upstream.url, CHAT_GRACE_S="20")
    person = Person.sign_in(server.url)
    asked = person.ask(model="steady;tokens=80;pace=30")
    with person.drive(asked.stream_id) as driver:
        driver.read_at_least(40)
    server.stop()
    server.start()
    state = person.state(asked.stream_id)
    assert (state["status"], state["epoch"]) == ("done", 1)
    assert "Exception during worker exit" not in server.logs
