"""Where a text cites its sources: `[1]`, `[1][2]` or `[1, 2]`, of the numbers it was given, and no others."""

from collections.abc import Set

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from chat.core.citing import MARK

NO_NUMBERS: frozenset[int] = frozenset()
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
    found = MARK.match(state.src, state.pos)
    if found is None or found.end() > state.posMax:
        return False
    cited = [int(number) for number in found[1].split(",")]
    if numbers.isdisjoint(cited):
        return False
    for number in cited:  # one that is not there stands beside those that are, as it is written
        state.push("chip" if number in numbers else "text", "", 0).content = f"[{number}]"
    state.pos = found.end()
    return True
