"""Node for tests: found on the path, new enough, or the test is skipped with the reason."""

import functools
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

OLDEST = 20
ROOT = Path(__file__).parents[2]


def run_node(*arguments: str | Path, timeout: float = 2 * PATIENCE_S) -> str:
    """Run `node` with these arguments; give what it printed, or fail the test with it."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    command = ["node", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


@functools.cache
def missing() -> str | None:
    """Say why there is no Node to test with; None when there is."""
    if shutil.which("node") is None:
        return "no node on this machine"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    major = int(version.strip().lstrip("v").split(".")[0])
    return None if major >= OLDEST else f"node {version.strip()} is older than {OLDEST}"


def as_modules(folder: Path, *files: Path) -> Path:
    """Copy `.js` files to where Node takes them for ES modules, as a web page or a bundler does."""
    (folder / "package.json").write_text('{"type": "module"}')
    for file in files:
        shutil.copy(file, folder)
    return folder
