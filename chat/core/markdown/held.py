"""What of a live text is not shown yet: a line that may still turn out to be anything, and white space."""

import re
from collections.abc import Set

from markdown_it.token import Token

from chat.core.markdown.chips import NO_NUMBERS
from chat.core.markdown.mark import is_cell, last_leaf
from chat.core.markdown.math import undecided_math, without_closer
from chat.core.markdown.parser import is_open_fence, parse, trim_end
from chat.core.markdown.pending import pending

# A line's beginning out of which the next character could still make another block. Shown too early,
# a list's dash would flash as a heading's underline. Possessive, so that no line takes long.
UNDECIDED = re.compile(
    r"""
    (?: [ \t>] | [-+*](?=[ \t]|$) | [0-9]{1,9}[.)](?=[ \t]|$) )*+  # the quotes and items it may be in
    (?: [-=*_+~`]++ | [-*_\ \t]++     # an underline, a rule, emphasis
      | `{3,}+[^`]*+ | ~{3,}+.*+       # a fence whose language is being written
      | \#{1,6}+ | [0-9]{1,9}+[.)]?    # a heading, an item
      | [|:\-\ \t]++                  # a table's second line
      | \[[ xX]?\]?                    # a task
    )?
    [ \t]*+
    """,
    re.VERBOSE,
)

# A line that the next one may turn into a table's head: until then it would flash by as pipes.
MAYBE_HEAD = re.compile(r"(?:[ \t>]|[-+*](?=[ \t])|[0-9]{1,9}[.)](?=[ \t]))*+\|[^\n]*+")

# How far (characters) a page may lag behind for a line that may become a table's head.
HEAD_PATIENCE = 160

# How far (characters) a page may lag behind for a formula on lines of its own; a longer one shows as source.
FORMULA_PATIENCE = 800


def settle(text: str, numbers: Set[int] = NO_NUMBERS) -> tuple[str, list[Token]]:
    """Cut `text` to what can be shown now, and parse that."""
    shown, tokens = _without_pending(text, numbers)
    began = undecided_math(tokens, shown)
    if began is None:
        return shown, tokens
    formula = shown.split("\n", began)[-1]
    if len(formula) <= FORMULA_PATIENCE:
        return _without_undecided(shown[: len(shown) - len(formula)], numbers)
    open_text = without_closer(shown)
    return (shown, tokens) if open_text == shown else (open_text, parse(open_text, numbers))


def _without_pending(text: str, numbers: Set[int]) -> tuple[str, list[Token]]:
    line = text.rfind("\n") + 1
    cut = pending(text[line:])
    if cut is None:
        return _without_undecided(text, numbers)
    before = _without_undecided(text[: line + cut], numbers)
    code = _code_begins(before[1])
    if code is not None:  # where the line goes on with it, nothing is pending
        whole = _without_undecided(text, numbers)
        if _code_begins(whole[1]) == code:
            return whole
    return before


def _code_begins(tokens: list[Token]) -> int | None:
    """Give the line on which the code begins that the text ends in; None when it ends in something else."""
    leaf = last_leaf(tokens)
    if leaf is None or tokens[leaf].type not in ("fence", "code_block"):
        return None
    lines = tokens[leaf].map
    return lines[0] if lines else None


def _without_undecided(text: str, numbers: Set[int]) -> tuple[str, list[Token]]:
    """Leave out an undecided last line and, but in an open fence, white space that would glue to nothing."""
    line = text.rfind("\n") + 1
    if _is_undecided(text[line:]):
        text = text[:line]
    tokens = parse(text, numbers)
    leaf = last_leaf(tokens)
    head = _maybe_head(tokens, leaf, text)
    if head is not None:
        text = text[:head]
        tokens = parse(text, numbers)
        leaf = last_leaf(tokens)
    if leaf is not None and is_open_fence(tokens[leaf]):
        return text, tokens
    shown = trim_end(text)
    space = text[len(shown) :]
    if "\n" in space and (leaf is None or _ends_here(tokens, leaf, shown, space)):
        shown += space[: space.rfind("\n") + 1]
    if space.strip(" \t\r\n"):  # the grammar's rules differ in what they take for white space
        tokens = parse(shown, numbers)
    return shown, tokens


def _is_undecided(line: str) -> bool:
    return UNDECIDED.fullmatch(trim_end(line)) is not None


def _maybe_head(tokens: list[Token], leaf: int | None, text: str) -> int | None:
    """Give where the line begins that `text` ends in, if the next line may make it a table's head."""
    if leaf is None or tokens[leaf].type != "inline" or tokens[leaf + 1].type != "paragraph_close":
        return None
    shown = trim_end(text)
    begin = shown.rfind("\n") + 1
    if text.count("\n", len(shown)) > 1 or len(shown) - begin > HEAD_PATIENCE:
        return None
    return begin if MAYBE_HEAD.fullmatch(shown, begin) else None


def _ends_here(tokens: list[Token], leaf: int, shown: str, space: str) -> bool:
    """Say whether the next line begins something new: the newline is shown, for nothing can be glued to it.

    A line of markers keeps its newline too, which is what decided it.
    """
    if space.count("\n") > 1 or tokens[leaf].type in ("hr", "fence", "math_block") or is_cell(tokens, leaf):
        return True
    if tokens[leaf].type == "inline" and tokens[leaf + 1].type == "heading_close":
        return True
    return _is_undecided(shown[shown.rfind("\n") + 1 :])
