"""The shell lines of docs/protocol.md, run as they stand there, in order, against a real server."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.fences import blocks
from tests.patience import PATIENCE_S

MARK = "-- block "
EXPECTED = re.compile(r"# → (\d{3})")
CURL = re.compile(r"\bcurl ")


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
def test_every_line_answers_as_the_page_says(server, tmp_path):
    script = blocks("protocol.md", "sh")
    done = run(script, server.url, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    answered = [re.findall(r"\[(\d{3})\]", block) for block in done.stderr.split(MARK)[1:]]
    for block, found in zip(script, answered, strict=True):
        said = expected(block)
        assert len(found) == len(said), block
        assert all(code == want if want else code < "300" for code, want in zip(found, said, strict=True)), (
            f"{block}\n{found}"
        )


def test_what_is_driven_is_what_is_stored(server, tmp_path):
    asking = blocks("protocol.md", "sh")[:4]
    assert "curl -sN -X POST" in asking[-1]
    asking[-1] = asking[-1].replace("\n", " > driven\n")
    stored = 'curl -s $BASE/api/streams/$STREAM -H "$AUTH" > stored'
    assert run([*asking, stored], server.url, tmp_path).returncode == 0
    text = (tmp_path / "driven").read_text()
    assert len(text) > 40
    assert json.loads((tmp_path / "stored").read_text())["text"] == text


def expected(block: str) -> list[str | None]:
    """Name the status each curl of a block must answer, as its line says; None: success."""
    commands = block.replace("\\\n", " ").split("\n")
    return [(EXPECTED.search(line) or [None, None])[1] for line in commands if CURL.search(line)]


def run(script: list[str], url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the blocks in one bash; on stderr each block begins with a mark, and each curl tells its status."""
    (folder / ".curlrc").write_text('write-out = "%{stderr}[%{http_code}]"\nmax-time = 60\n')
    lines = "".join(f"echo '{MARK}' >&2\n{block}\n" for block in script)
    environment = {
        "BASE": url,
        "HOME": str(folder),
        "CURL_HOME": str(folder),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,  # for some fifty requests
        check=False,
    )
