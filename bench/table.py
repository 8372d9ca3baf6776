"""How figures are shown: one line each, with what was aimed at and what stood beside it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure. `at_most` is what the project wants; `beside` is what it was compared with."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    beside: str = ""

    @property
    def verdict(self) -> str:
        if self.at_most is None:
            return ""
        return "ok" if self.value <= self.at_most else "FALLS SHORT"

    def cells(self) -> tuple[str, ...]:
        limit = "" if self.at_most is None else f"≤ {_number(self.at_most)}"
        return (self.name, f"{_number(self.value)} {self.unit}".strip(), limit, self.verdict, self.beside)


HEAD = ("figure", "measured", "wanted", "", "beside")


def show(figures: Iterable[Figure]) -> str:
    """Lay figures out as a Markdown table that reads well in a terminal, too."""
    rows = [HEAD, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
