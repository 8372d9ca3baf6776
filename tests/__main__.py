"""`python -m tests`: the whole suite in two halves side by side, for most of its time goes on waiting."""

import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent
FIRST = ("server_promises", "generation", "live", "model", "js", "doctor")  # about half of the time


def main() -> int:
    """Run both halves: show the first as it goes, the second at the end. 1 when one of them failed."""
    folders = [str(TESTS / name) for name in FIRST]
    with tempfile.TemporaryFile("w+") as said:
        second = subprocess.Popen(
            [*_pytest(), str(TESTS), *(f"--ignore={folder}" for folder in folders)], stdout=said, stderr=said
        )
        try:
            first = subprocess.run([*_pytest(), *folders], check=False).returncode
            second.wait()
        finally:
            second.terminate()
        said.seek(0)
        print(said.read(), flush=True)
    return int(bool(first or second.returncode))


def _pytest() -> list[str]:
    return [sys.executable, "-m", "pytest"]


if __name__ == "__main__":
    raise SystemExit(main())
