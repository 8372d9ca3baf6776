"""What a row saw: counts, worst figures, and whatever broke a promise."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of one row. A row holds when nothing was broken."""

    figures: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def add(self, name: str, count: float = 1) -> None:
        self.figures[name] = self.figures.get(name, 0) + count

    def worst(self, name: str, figure: float) -> None:
        """Keep the greatest figure of this name."""
        self.figures[name] = max(self.figures.get(name, 0), figure)

    def must(self, holds: bool, otherwise: str) -> None:
        """Note a broken promise, unless it holds."""
        if not holds:
            self.broken.append(otherwise)

    def said(self) -> str:
        """Put the figures into one line."""
        return ", ".join(f"{name} {_number(figure)}" for name, figure in self.figures.items())


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 10 or figure == int(figure) else f"{figure:.1f}"
