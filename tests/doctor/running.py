"""Running `python -m chat` as people do, in a folder of its own, with nothing else in the environment."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from tests.patience import PATIENCE_S
from tests.server import ROOT

KEPT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class Done:
    """How it ended, and what it said."""

    status: int
    out: str
    err: str

    def findings(self) -> dict[str, list[dict[str, Any]]]:
        """Give what `--json` told, by what it is about."""
        found: dict[str, list[dict[str, Any]]] = {}
        for finding in json.loads(self.out)["findings"]:
            found.setdefault(finding["what"], []).append(finding)
        return found

    def verdict(self, what: str) -> str:
        """Give the worst verdict of one thing."""
        ranks = ("wrong", "warning", "ok")
        verdicts = {finding["verdict"] for finding in self.findings()[what]}
        return next(rank for rank in ranks if rank in verdicts)


def cold(folder: Path, *arguments: str, **environment: str) -> Done:
    """Run `python -m chat …` as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "chat", *arguments],
        cwd=folder, env=KEPT | environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def chat(folder: Path, *arguments: str, **environment: str) -> Done:
    """Run `python -m chat …` in a fork of one that has loaded all of it: the same in a tenth of the time."""
    with ExitStack() as files:
        out, err = (files.enter_context(NamedTemporaryFile("r")) for _ in range(2))
        asked = {"folder": str(folder), "arguments": arguments, "environment": KEPT | environment}
        warm = _warm()
        assert warm.stdin is not None
        assert warm.stdout is not None
        warm.stdin.write(json.dumps(asked | {"says": [out.name, err.name]}) + "\n")
        warm.stdin.flush()
        return Done(int(warm.stdout.readline()), out.read(), err.read())


@cache
def _warm() -> "subprocess.Popen[str]":
    """Start it once for all tests; it ends when its stdin does, which is when this process does."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.doctor.warm"], cwd=ROOT, env=KEPT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def doctor(folder: Path, *arguments: str, **environment: str) -> Done:
    """Run the doctor for programs."""
    return chat(folder, "doctor", "--json", *arguments, **environment)
