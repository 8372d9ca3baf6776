"""What of a live text is not shown yet: a line that may still turn out to be anything, and white space."""

import re

from markdown_it.token import Token

from chat.core.markdown.mark import is_cell, last_leaf
from chat.core.markdown.parser import is_open_fence, parse

# A line's beginning out of which the next character could still make another block. Shown too early,
# a list's dash would flash as a heading's underline.
UNDECIDED = re.compile(
    r"(?:[ \t>]|[-+*](?=[ \t]|$)|[0-9]{1,9}[.)](?=[ \t]|$))*"  # quotes and items it may be inside of
    r"(?:[-=*_+~`]+|#{1,6}|[0-9]{1,9}[.)]?|(?:[-*_][ \t]*)+|[|:\- \t]+|\[[ xX]?\]?)?[ \t]*"
    # or a fence whose language is being written
    r"|[ \t>]*(?:[-+*][ \t]+|[0-9]{1,9}[.)][ \t]+)*(?:`{3,}[^`]*|~{3,}.*)"
)


def settle(text: str) -> tuple[str, list[Token]]:
    """Cut `text` to what can be shown, and parse that.

    Settling a settled text changes nothing, so a page's state is a function of what it shows.
    """
    line = text.rfind("\n") + 1
    if line < len(text) and UNDECIDED.fullmatch(text, line):
        text = text[:line]
    tokens = parse(text)
    leaf = last_leaf(tokens)
    if leaf is not None and is_open_fence(tokens[leaf]):
        return text, tokens
    shown = text.rstrip()
    space = text[len(shown) :]
    if space.count("\n") >= 2 or ("\n" in space and leaf is not None and _ends_with_its_line(tokens, leaf)):
        shown += space[: space.rfind("\n") + 1]
    return shown, tokens


def _ends_with_its_line(tokens: list[Token], leaf: int) -> bool:
    """Say whether nothing on the next line can go on with this leaf's text."""
    if tokens[leaf].type in ("hr", "fence") or is_cell(tokens, leaf):
        return True
    return tokens[leaf].type == "inline" and tokens[leaf + 1].type == "heading_close"
