"""`python -m tests`: the whole suite in three parts side by side, for most of its time goes on waiting."""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

TESTS = Path(__file__).parent
# Each takes about as long as the others; what is named in none runs in the last.
PARTS = (
    ("server_promises", "model", "js", "doctor", "core", "extraction", "terminal", "docs", "evals"),
    ("browser", "generation", "live"),
)


def main() -> int:
    """Run all parts: show the first as it goes, the others at the end. 1 when one of them failed."""
    first, *others = _parts()
    with ExitStack() as open_files:
        running = []
        for part in others:
            said = open_files.enter_context(tempfile.TemporaryFile("w+"))
            run = subprocess.Popen([*_pytest(), *part], stdout=said, stderr=subprocess.STDOUT)
            open_files.callback(run.terminate)
            running.append((run, said))
        failed = bool(subprocess.run([*_pytest(), *first], check=False).returncode)
        for run, said in running:
            failed |= bool(run.wait())
            said.seek(0)
            print(said.read(), flush=True)
    return int(failed)


def _parts() -> list[list[str]]:
    named = [[str(TESTS / name) for name in names] for names in PARTS]
    return [*named, [str(TESTS), *(f"--ignore={folder}" for folders in named for folder in folders)]]


def _pytest() -> list[str]:
    return [sys.executable, "-m", "pytest"]


if __name__ == "__main__":
    raise SystemExit(main())
