"""Where the marks of Markdown are in a text that is shown as words alone: what snippets leave out."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

# One look from left to right, each alternative linear in what it reads. What stands in code stays as it is.
# It is not the grammar of the page: a star wrongly taken for a mark, or left, costs one character.
MARKS = re.compile(
    r"""
      ^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n]*+(?P<code>(?:\n(?![ ]{0,3}(?P=fence))[^\n]*+)*+)(?:\n[^\n]*+)?+
    | `++(?:(?P<inline>[^`\n]++)`++)?+
    | ^[ \t]*+(?:[-*_=][ \t]*+){3,}$                 # a rule, or what underlines a heading
    | ^[ \t|]*+:?-[-|: \t]*+$                        # what is below the head of a table
    | ^(?:[ \t]*+>)++[ ]?                            # a quotation
    | ^[ \t]*+\#{1,6}[ \t]++                         # a heading
    | ^[ \t]*+[-*+][ \t]++(?:\[[ xX]\][ \t]++)?+     # an item of a list, or a task
    | (?:(?<=\s)|^)\|(?=\s|$)                        # between the cells of a table
    | !?\[(?=[^][\n]++\]\()                          # a link, or a picture, around its words
    | \]\((?:[^()\n]|\([^()\n]*+\))*+\)
    | (?<![\w*])\*{1,3}(?=[^\s*]) | (?<=[^\s*])\*{1,3}(?![\w*])
    | (?<![\w_])_{1,3}(?=[^\s_]) | (?<=[^\s_])_{1,3}(?![\w_])
    | ~~
    | \\(?P<literal>[!-/:-@\[-`{-~])                # before a character that is to be no mark
    """,
    re.VERBOSE | re.MULTILINE,
)
KEPT = ("code", "inline", "literal")  # of what matched, the reader sees these
FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
NEAR = 2_000  # characters before and behind a place


def marks_near(text: str, place: int) -> Iterator[Span]:
    """Give what the reader of a Markdown text does not see near a place, in order. Never raises."""
    begin = max(text.rfind("\n", 0, max(0, place - NEAR)) + 1, place - 2 * NEAR)
    fences = [match.start() for match in FENCE.finditer(text, 0, max(0, begin))]
    if len(fences) % 2:
        begin = fences[-1]  # the place may be in code
    for match in MARKS.finditer(text, max(0, begin), place + NEAR):
        begin, end = match.span()
        for kept in KEPT:
            if match[kept]:
                yield begin, match.start(kept)
                begin = match.end(kept)
        if begin < end:
            yield begin, end
