"""How the figures are shown: as a Markdown table that reads well in a terminal, too."""

from collections.abc import Iterable, Mapping

from evals.corpus import elsewhere
from evals.figures import CUT, Figures
from evals.measuring import Asked, by_text

HEAD = (f"recall@{CUT}", "MRR", "answer cites it", "true chips")


def figures_table(sums: Mapping[str, Mapping[str, Figures]]) -> str:
    """Show all ways, each for all questions and for both parts of them."""
    rows = [((way, part), found) for way, parts in sums.items() for part, found in parts.items()]
    return _table(("found by", "questions"), rows)


def texts_table(measured: Mapping[str, Asked]) -> str:
    """Show all ways for each text."""
    rows = [((way, text), sums) for way, asked in measured.items() for text, sums in by_text(asked).items()]
    return _table(("found by", "text"), rows)


def misses(asked: Asked) -> str:
    """List the questions whose answer is not among the first; those held out are nobody's to look at."""
    missed = ((one, found.rank) for one, found in asked if not found.rank or found.rank > CUT)
    return "\n".join(
        f"{rank or '–':>2}  {one.about:18} {one.ask}" for one, rank in missed if not one.held_out
    )


def quiet_line(quiet: Mapping[str, int]) -> str:
    """Say how often each way finds nothing, as it should where none of the texts answers."""
    return ", ".join(f"{count} of {len(elsewhere())} by {way}" for way, count in quiet.items())


def _table(head: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], Figures]]) -> str:
    lines = [
        (*head, *HEAD),
        *(
            (*names, *(f"{value:.3f}" for value in (sums.recall, sums.mrr, sums.cited, sums.true_chips)))
            for names, sums in rows
        ),
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    shown = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(shown)
