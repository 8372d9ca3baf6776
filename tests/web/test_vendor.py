"""What is vendored is what its page says: the files are the package's own, unchanged."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
ROW = re.compile(r"^\| (\S+) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \| ([0-9a-f]{64}) \|$", re.MULTILINE)
HASHES = {row[0]: row[5] for row in ROW.findall((VENDOR / "README.md").read_text())}


def test_every_vendored_file_is_listed():
    found = {str(file.relative_to(VENDOR)) for file in VENDOR.rglob("*") if file.is_file()}
    assert found == {"README.md", *HASHES}


@pytest.mark.parametrize("name", HASHES)
def test_a_vendored_file_is_unchanged(name):
    assert sha256((VENDOR / name).read_bytes()).hexdigest() == HASHES[name]


def test_what_only_tests_use_is_unchanged_too():
    axe = VENDOR.parents[1] / "tests" / "browser" / "vendor" / "axe.min.js"
    assert sha256(axe.read_bytes()).hexdigest() in (VENDOR / "README.md").read_text()
