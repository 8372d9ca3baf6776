"""The table of a run: what was done, what must hold, what was seen."""

import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from torture.row import Row
from torture.tally import Tally

WIDTHS = (34, 6, 40, 46, 5, 5)
TITLES = ("test", "runs", "must hold", "seen", "", "s")
SHOWN = 6  # broken promises of one row; all of them are in its folder


@dataclass(frozen=True)
class Outcome:
    """What became of one row."""

    row: Row
    runs: int
    tally: Tally
    seconds: float

    @property
    def verdict(self) -> str:
        return "FAIL" if self.tally.broken else "PASS"


def show(outcomes: Sequence[Outcome]) -> str:
    """Lay the table out, its cells wrapped."""
    lines = [_line(TITLES), _line(tuple("─" * width for width in WIDTHS))]
    for one in outcomes:
        cells = (
            one.row.test, str(one.runs), one.row.must, one.tally.said(), one.verdict, f"{one.seconds:.0f}"
        )  # fmt: skip
        wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
        height = max(map(len, wrapped))
        padded = [cell + [""] * (height - len(cell)) for cell in wrapped]
        lines += [_line(parts) for parts in zip(*padded, strict=True)]
    return "\n".join(lines)


def machine() -> str:
    """Name what this ran on: where others want the processors too, milliseconds tell little."""
    cores, load = os.cpu_count(), os.getloadavg()[0]
    return f"{cores} cores, load {load:.1f} at the end, Python {sys.version.split()[0]}, {sys.platform}"


def show_broken(outcomes: Sequence[Outcome]) -> str:
    """List what was broken, row by row."""
    lines = []
    for one in outcomes:
        broken = one.tally.broken
        lines += [f"{one.row.name}: {what[:600]}" for what in broken[:SHOWN]]
        if len(broken) > SHOWN:
            lines.append(f"{one.row.name}: and {len(broken) - SHOWN} more")
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
