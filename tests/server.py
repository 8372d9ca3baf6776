"""The real server: our gunicorn in processes of its own, on a free port, with a database of its own."""

import fcntl
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Self

import psutil
import requests

from tests.births import ROOT, Born, nursery, surroundings
from tests.parent import die_with_parent
from tests.patience import PATIENCE_S

__all__ = [
    "ROOT",
    "DidNotStart",
    "RealServer",
    "die_with_parent",
    "free_port",
    "runs",
    "stand_still",
    "wait_for_end",
]

FORKED = sys.platform == "linux" and "COVERAGE_PROCESS_START" not in os.environ


class DidNotStart(Exception):
    """The server died or stayed silent; the message ends with its log."""


class RealServer:
    """One server. It can be stopped, killed and started again on the same port and the same file.

    What the tester's own environment or .env says does not reach it: only what is passed here does.
    `forked`: it is forked off tests/nursery.py, which has loaded already what it would load; else it is
    started from nothing.
    """

    forked = FORKED
    configuration = ("-c", str(ROOT / "gunicorn.conf.py"))

    def __init__(self, folder: Path, app: str = "app:app", **environment: str) -> None:
        self.folder = folder
        self.app = app
        self.port = free_port()
        self.log_file = folder / "server.log"
        self.environment = surroundings() | {
            "DATABASE_URL": f"sqlite:///{folder / 'headwater.sqlite3'}",
            "SECRET_KEY": "not a secret: this server lives for one test",
            "CHAT_TITLE_BY": "words",  # the model is asked what a test asks it, and nothing besides
            # A provider that is held, or late on a busy machine, has not failed.
            "CHAT_FIRST_TOKEN_S": str(2 * PATIENCE_S),
            "CHAT_SILENCE_S": str(2 * PATIENCE_S),
            **environment,
        }
        self._process: subprocess.Popen[bytes] | Born | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The gunicorn master's."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        return psutil.Process(self.pid).children()

    @property
    def ready_workers(self) -> list[psutil.Process]:
        """Those of its workers that have begun to answer."""
        begun = {int(pid) for pid in re.findall(r"Chat at http.* pid=(\d+)", self.logs)}
        return [one for one in self.workers if one.pid in begun and runs(one)]

    def wait_for_workers(self, timeout: float = 2 * PATIENCE_S) -> None:
        """Wait until as many answer as were asked for: after a start, or after one was killed."""
        wanted, until = int(self.environment.get("WEB_CONCURRENCY", "1")), time.monotonic() + timeout
        while len(self.ready_workers) < wanted:
            if time.monotonic() > until:
                raise DidNotStart(f"Not {wanted} workers within {timeout} s.\n{self.logs[-4000:]}")
            time.sleep(0.02)

    @property
    def logs(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def start(self, timeout: float = 2 * PATIENCE_S) -> Self:
        """Start it and wait until it is ready. Raises DidNotStart."""
        arguments = [*self.configuration, "--bind", f"127.0.0.1:{self.port}", self.app]
        self._migrate()
        # Its folder is not ours, so that it finds no .env and writes nothing into the tree.
        if self.forked:
            self._process = nursery().bear(arguments, self.folder, self.environment, self.log_file)
        else:
            self._process = self._run(arguments)
        self._wait_until_ready(timeout)
        return self

    def _run(self, arguments: list[str]) -> "subprocess.Popen[bytes]":
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def ready(self) -> bool:
        """Say whether it takes requests."""
        try:
            return requests.get(self.url + "/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _migrate(self) -> None:
        """Do what a release phase does; an SQLite file is brought up to date by the server itself."""
        if self.environment["DATABASE_URL"].startswith("sqlite:"):
            return
        from chat.config import Settings  # late: who only wants a port loads no app
        from chat.web.database import migrate

        told: Any = {name.lower(): self.environment[name] for name in ("DATABASE_URL", "SECRET_KEY")}
        migrate(Settings(_env_file=None, **told))

    def _wait_until_ready(self, timeout: float) -> None:
        until = time.monotonic() + timeout
        while not self.ready():
            assert self._process is not None
            if self._process.poll() is not None:
                raise DidNotStart(f"It left with {self._process.returncode}.\n{self.logs[-4000:]}")
            if time.monotonic() > until:
                self.kill()
                raise DidNotStart(f"Not ready after {timeout} s.\n{self.logs[-4000:]}")
            time.sleep(0.05)

    def stop(self, timeout: float = PATIENCE_S) -> float:
        """Tell it to leave (SIGTERM) and wait; what stays is killed. Returns how many seconds it took."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None
        return time.monotonic() - began

    def kill(self) -> None:
        """End the master and every worker as a power cut would (SIGKILL)."""
        if self._process is None:
            return
        try:
            master = psutil.Process(self.pid)  # first of all: it has no time to see to its workers
            stand_still(master)  # whom it bears while we look would live on, and hold the port
            family = [master, *master.children(recursive=True)]
        except psutil.NoSuchProcess:
            family = []
        for member in family:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue  # it was faster
        self._process.wait(PATIENCE_S)
        wait_for_end(family[1:])
        self._process = None

    def restart(self) -> float:
        """Stop it and start it again on the same port and file; returns how long the stop took."""
        took = self.stop()
        self.start()
        return took


def stand_still(process: psutil.Process) -> None:
    """Stop it (SIGSTOP), and wait until it does nothing more; a dead one stands still already."""
    with suppress(psutil.NoSuchProcess):
        process.suspend()
        while process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            time.sleep(0.001)


def wait_for_end(processes: Iterable[psutil.Process], timeout: float = PATIENCE_S) -> None:
    """Wait until none of them runs. A zombie is dead: whoever takes in orphans may bury it seconds later."""
    until = time.monotonic() + timeout
    while any(runs(one) for one in processes):
        assert time.monotonic() < until, f"still there after {timeout} s"
        time.sleep(0.01)


def runs(process: psutil.Process) -> bool:
    """Say whether it lives."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    """Name a loopback port that nobody listens on, and none of those that the system gives out by itself.

    It stays free until it is used: before a server listens, and between its death and its restart, nobody
    else is given it, neither here nor in another process that tests at the same time.
    """
    while True:
        port = 10_100 + secrets.randbelow(21_900)  # no browser opens 10080
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
                _given.add(port)
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue  # somebody has it
            return port


_given: set[int] = set()


@cache
def _claims() -> BinaryIO:
    """Open the file whose bytes stand for ports: who locked one has that port, for as long as they live."""
    return Path(tempfile.gettempdir(), f"headwater-ports-{os.getuid()}").open("ab")
