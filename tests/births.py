"""Servers that are forked off the nursery instead of being started from nothing."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from tests.parent import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "COVERAGE_PROCESS_START")


def surroundings() -> dict[str, str]:
    """Give the environment that every server has; nothing else of the tester's own reaches it."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONPATH": str(ROOT)}


class Born:
    """A process that was born in the nursery, with what servers need of `subprocess.Popen`."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery

    def poll(self) -> int | None:
        """Say how it ended; None while it lives."""
        if self.returncode is None:
            self.returncode = self._nursery.ask(self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait until it has ended. Raises subprocess.TimeoutExpired."""
        until = time.monotonic() + timeout
        while (ended := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.01)
        return ended

    def send_signal(self, told: int) -> None:
        """Send it a signal, unless it has ended: its number may be another's by now."""
        if self.poll() is None:
            os.kill(self.pid, told)


class Nursery:
    """The process that servers are forked off. It ends with this one, and they with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            env=surroundings(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        self._turn = Lock()

    def bear(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> Born:
        """Run gunicorn with these arguments, there, with this environment alone."""
        log.touch()
        asked = {"arguments": arguments, "folder": str(folder), "environment": environment, "log": str(log)}
        return Born(self, self.ask(asked))

    def ask(self, question: Any) -> Any:
        """Put a question as tests/nursery.py understands it; give the answer."""
        with self._turn:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, "the nursery is gone; it said why on its way out"
        return json.loads(answer)


@cache
def nursery() -> Nursery:
    """Give the one of this process; it begins with the first birth."""
    return Nursery()
