"""Where a text cites its sources: `[1]`, `[1][2]` or `[1, 2]`, of the numbers it was given, and no others."""

import re
from collections.abc import Set

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

NO_NUMBERS: frozenset[int] = frozenset()
NUMBER = "[1-9][0-9]{0,2}"
CITING = re.compile(rf"\[({NUMBER}(?:[ ]?[,;][ ]?{NUMBER})*)\]")
BETWEEN = re.compile(r"[ ]?[,;][ ]?")
NUMBERS = "numbers"  # under which the grammar is told which sources there are


def teach(md: MarkdownIt) -> None:
    """Add the rule. A link comes first: `[1](https://…)` is one; code and formulas are read before both."""
    md.inline.ruler.after("link", "chip", _in_line)


def chip_html(number: str) -> str:
    """Write a chip. Nothing else in a text becomes a `b`: the page makes of it what its readers need."""
    return f"<b>{number}</b>"


def _in_line(state: StateInline, silent: bool) -> bool:
    numbers: Set[int] = state.env.get(NUMBERS, NO_NUMBERS)
    # Silent is who looks for a link's end, in whose words brackets are brackets.
    if silent or state.src[state.pos] != "[" or not numbers or state.linkLevel:
        return False
    found = CITING.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    cited = [int(number) for number in BETWEEN.split(found[1])]
    if not numbers >= set(cited):
        return False  # half of it would be a promise that nobody keeps
    for number in cited:
        state.push("chip", "b", 0).content = f"[{number}]"  # as it stands in what a picture is called
    state.pos = found.end()
    return True
