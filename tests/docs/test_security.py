"""docs/security.md tells the truth: each test that it names is there, each limit has the default it says."""

import re
from functools import cache

import pytest

from chat.config import Settings
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))
LIMITS = re.findall(r"^\| `CHAT_(\w+)` \| (\d+) \|", PAGE, re.MULTILINE)


@cache
def names_in(file: str) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", (ROOT / "tests" / file).read_text(), re.MULTILINE))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=str)
def test_each_test_that_it_names_is_there(file: str, test: str) -> None:
    assert test in names_in(file)


def test_no_claim_stands_without_a_test() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| ") and "](../" in row]
    assert len(rows) > 25
    assert [row for row in rows if "::test_" not in row and "test_roles.py)" not in row] == []


@pytest.mark.parametrize(("name", "default"), LIMITS)
def test_each_limit_has_the_default_that_it_says(name: str, default: str) -> None:
    assert Settings.model_fields[name.lower()].default == int(default)


def test_no_rate_or_budget_is_left_out() -> None:
    rates = {name for name in Settings.model_fields if name.endswith(("_rate", "_bytes")) or "daily" in name}
    assert rates <= {name.lower() for name, _ in LIMITS}
