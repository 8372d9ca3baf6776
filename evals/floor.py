"""The figures that are not to be fallen below: what was measured when they were last written."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict

from evals.corpus import HERE
from evals.figures import Figures
from evals.measuring import Asked, summed_up
from evals.table import figures_table

PATH = HERE / "floor.json"
PAGE = HERE.parent / "docs" / "retrieval.md"
BEGINS, ENDS = "<!-- figures: made by `make eval ARGS=--write-floor` -->\n", "\n<!-- /figures -->"
PLACE = re.compile(f"(?<={re.escape(BEGINS)}).*?(?={re.escape(ENDS)})", re.DOTALL)
DIGITS = 3  # after the point

Floor = dict[str, dict[str, Figures]]  # by way and part


def read() -> Floor:
    found = json.loads(PATH.read_text())
    return {way: {part: Figures(**sums) for part, sums in parts.items()} for way, parts in found.items()}


def write(measured: Mapping[str, Asked]) -> None:
    """Make what was measured the floor, and have the page show it."""
    found = {
        way: {part: _rounded(sums) for part, sums in summed_up(asked).items()}
        for way, asked in measured.items()
    }
    PATH.write_text(json.dumps(found, indent=2) + "\n")
    page = PAGE.read_text()
    PAGE.write_text(PLACE.sub(lambda _: figures_table(read()), page))


def below(measured: Mapping[str, Asked], floor: Floor) -> list[str]:
    """Say which figures are lower than they were."""
    found = {way: summed_up(asked) for way, asked in measured.items()}
    return [
        f"{name} of {way}, {part}: {now:.3f} < {once:.3f}"
        for way, parts in floor.items()
        for part, then in parts.items()
        for name, once in asdict(then).items()
        if (now := round(asdict(found[way][part])[name], DIGITS)) < once
    ]


def _rounded(sums: Figures) -> dict[str, float]:
    return {name: round(value, DIGITS) for name, value in asdict(sums).items()}
