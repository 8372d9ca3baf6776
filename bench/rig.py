"""The processes of one run, all on loopback: the scripted upstream, the relays, Headwater."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from bench.load import Ask
from tests.person import Person
from tests.server import ROOT, RealServer


@dataclass
class Rig:
    """What a measure may use. `inspected` is Headwater with gauges inside."""

    upstream: str
    relay: RealServer
    headwater: RealServer
    inspected: RealServer

    def ask_bare(self, model: str) -> Ask:
        return self._ask_relay("/bare", model)

    def ask_sdk(self, model: str) -> Ask:
        return self._ask_relay("/sdk", model)

    def _ask_relay(self, path: str, model: str) -> Ask:
        body = json.dumps({"model": model}).encode()
        return Ask(self.relay.port, path, headers={"Content-Type": "application/json"}, body=body)

    def gauge(self, name: str) -> float:
        """Read a gauge of the inspected server."""
        return float(requests.get(self.inspected.url + "/bench/gauges", timeout=10).json()[name])

    def reset_gauges(self) -> None:
        """Begin to look for the longest block anew."""
        url = self.inspected.url
        requests.post(url + "/bench/gauges", headers={"Origin": url}, timeout=10).raise_for_status()

    def script(self, model: str, **script: object) -> str:
        """Tell the upstream how to answer for `model`; returns the model's name."""
        address = self.upstream.removesuffix("/v1") + "/scripts"
        requests.post(address, json={"model": model, **script}, timeout=10).raise_for_status()
        return model


def drive(person: Person, port: int, stream_id: str) -> Ask:
    """Drive this stream for the plain text."""
    return Ask(port, f"/api/streams/{stream_id}", headers=person.credentials | {"Accept": "text/plain"})


def follow(person: Person, port: int, path: str) -> Ask:
    """Follow this SSE route."""
    headers = person.credentials | {"Accept": "text/event-stream"}
    return Ask(port, path, method="GET", headers=headers)


@contextmanager
def raised() -> Iterator[Rig]:
    """Start everything; all of it is gone afterwards, whatever happens."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headwater-bench-")))
        upstream = stack.enter_context(_upstream())
        provider = {"OPENAI_BASE_URL": upstream, "OPENAI_API_KEY": "scripted", "CHAT_MODEL": "scripted"}
        servers = []
        for name, app in (
            ("relay", "bench.relay:app"),
            ("headwater", "app:app"),
            ("inspected", "bench.inspected:app"),
        ):
            (folder / name).mkdir()
            server = Relay if name == "relay" else RealServer
            servers.append(server(folder / name, app, **provider, **UNLIMITED))
            servers[-1].forked = False  # what is measured has loaded by itself what it holds
            stack.callback(servers[-1].kill)
            servers[-1].start()
        yield Rig(upstream, *servers)


LIMITS = ("SESSION_RATE", "CONVERSATION_RATE", "ASK_RATE", "ASK_ADDRESS_RATE", "LIVE_ANSWERS")
UNLIMITED = {f"CHAT_{name}": "0" for name in LIMITS}  # they would only measure the limiter


class Relay(RealServer):
    """The relay's gunicorn: one gevent worker and nothing of our configuration."""

    configuration = (
        "--worker-class",
        "gevent",
        "--workers",
        "1",
        "--log-level",
        "warning",
        "--no-control-socket",
    )


@contextmanager
def _upstream() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.upstream"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def cpu_seconds(server: RealServer) -> float:
    """CPU that the server's workers have used so far, in user and system mode."""
    return sum(sum(worker.cpu_times()[:2]) for worker in server.workers)


def memory_kib(server: RealServer) -> float:
    """Memory that is the workers' own, in KiB."""
    return sum(worker.memory_full_info().uss for worker in server.workers) / 1024


def machine() -> str:
    """Name what this ran on, as far as figures need it."""
    cores, memory = psutil.cpu_count(), psutil.virtual_memory().total / 2**30
    return f"{cores} cores (shared), {memory:.0f} GiB, Python {sys.version.split()[0]}, {sys.platform}"
