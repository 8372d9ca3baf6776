"""A person at a terminal: `python -m chat …` as a process of its own, with pipes or a screen, and a home."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gevent import os as patient_os

from tests.patience import PATIENCE_S
from tests.person import Person
from tests.server import ROOT

COMMAND = (sys.executable, "-m", "chat")


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


@dataclass
class Running:
    """A command that still runs; `out` is what it has said so far. With a screen, stderr goes there too."""

    process: subprocess.Popen[bytes]
    source: int
    out: bytes = b""
    screen: bool = False

    def until(self, what: str, timeout: float = PATIENCE_S) -> str:
        """Wait until it has said this; gives all of it so far."""
        limit = time.monotonic() + timeout
        while what.encode() not in self.out:
            assert time.monotonic() < limit, (what, self.out[-2000:])
            assert self._more(), (what, self.out[-2000:])
        return self.out.decode()

    def until_said(self, what: str) -> None:
        """Wait for a line on stderr."""
        assert self.process.stderr is not None
        assert what in self.process.stderr.readline().decode()

    def press_ctrl_c(self) -> None:
        self.process.send_signal(2)

    def finish(self) -> Done:
        """Read to the end; the exit status, and all that it said."""
        while self._more():
            pass
        status, err = self.end()
        return Done(status, self.out.decode(), err)

    def leave(self) -> None:
        """Read no more of what it writes: the next that it writes finds nobody."""
        assert self.process.stdout is not None
        self.process.stdout.close()

    def end(self, timeout: float = PATIENCE_S) -> tuple[int, str]:
        """Wait for its end; the exit status, and what it said on stderr."""
        status = self.process.wait(timeout)
        return status, self.process.stderr.read().decode() if self.process.stderr else ""

    def _more(self) -> bool:
        try:
            piece = patient_os.nb_read(self.source, 65536)
        except OSError:  # of a screen whose other end was closed
            piece = b""
        self.out += piece
        return bool(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()
        if self.process.stdout:
            self.process.stdout.close()
        elif self.screen:
            os.close(self.source)


class Terminal:
    """Somebody's terminal: their token in the environment, and a home that is empty at first."""

    def __init__(self, home: Path, url: str, token: str | None) -> None:
        self.home = home
        self.environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(home)}
        self.environment |= {"HEADWATER_URL": url} | ({"HEADWATER_TOKEN": token} if token else {})

    @classmethod
    def of(cls, person: Person, home: Path, url: str | None = None) -> "Terminal":
        return cls(home, url or person.url, person.token)

    def run(self, *arguments: str, stdin: str | bytes = b"", timeout: float = 60) -> Done:
        """Run a command to its end."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*COMMAND, *arguments], input=given, env=self.environment, cwd=self.home,
            capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str) -> Running:
        """Start a command whose output is piped to us."""
        process = subprocess.Popen(
            [*COMMAND, *arguments], env=self.environment, cwd=self.home,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        source = process.stdout.fileno()
        patient_os.make_nonblocking(source)
        return Running(process, source)

    def start_on_screen(self, *arguments: str) -> Running:
        """Start a command that writes to a screen."""
        ours, theirs = os.openpty()
        process = subprocess.Popen(
            [*COMMAND, *arguments], env=self.environment, cwd=self.home,
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        patient_os.make_nonblocking(ours)
        return Running(process, ours, screen=True)
