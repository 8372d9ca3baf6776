"""Running `python -m chat` as people do, in a folder of its own, with nothing else in the environment."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.server import ROOT


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


def chat(folder: Path, *arguments: str, **environment: str) -> Done:
    """Run `python -m chat …`."""
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "chat", *arguments],
        cwd=folder, env=kept | environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def doctor(folder: Path, *arguments: str, **environment: str) -> Done:
    """Run the doctor for programs."""
    return chat(folder, "doctor", "--json", *arguments, **environment)
