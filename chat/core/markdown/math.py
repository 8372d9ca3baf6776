"""Where a text writes TeX: between dollars or escaped brackets, in a line or on lines of its own.

The TeX goes out as text in an element of class `math`; the browser sets it. The rules are careful, for
most dollars are money: see FORMULA.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.paragraph import paragraph
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

MAY_INTERRUPT = ["paragraph", "reference", "blockquote", "list"]

# A price is a number and then words; a dollar that glues to a word or a number ends no formula.
PRICE = r"\d[^$\n]{0,400}?(?<![\\A-Za-z])[A-Za-z]{2}"
FORMULA = re.compile(
    rf"""
      \$\$(?!\$) (?P<wide> (?: \\. | [^$\\\n] | \$(?!\$) )+? ) \$\$(?!\$)
    | \$(?![\s$]|{PRICE}) (?P<dollars> (?: \\. | [^$\\\n] )+? ) (?<!\s)\$(?![A-Za-z0-9$])
    | \\\( (?P<round> (?: [^\\\n] | \\[^()\[\]\n] )+? ) \\\)
    | \\\[ (?P<square> (?: [^\\\n] | \\[^()\[\]\n] )+? ) \\\]
    """,
    re.VERBOSE,
)
GLUED = re.compile(r"[A-Za-z0-9$]")
CLOSERS = {"$$": "$$", "\\[": "\\]"}
OPEN, CLOSED, ENDED = "open", "closed", "ended"  # how a formula on its own lines came to its end
IN_LINE = {"dollars": "math", "round": "math", "wide": "math display", "square": "math display"}


def teach(md: MarkdownIt) -> None:
    """Add the rules; an escaped dollar stays a dollar."""
    md.block.ruler.before("fence", "math_block", _block, {"alt": MAY_INTERRUPT})
    md.inline.ruler.before("escape", "math", _in_line)


def undecided_math(tokens: Sequence[Token], text: str) -> int | None:
    """Give the line on which a formula begins that `text` ends in; None when it is over.

    A closer ends it only where its line is over.
    """
    last = next((token for token in reversed(tokens) if token.nesting != -1), None)
    if last is None or not last.map or "formula" not in last.meta:
        return None
    is_over = text.endswith("\n") if last.meta["formula"] == CLOSED else last.meta["formula"] == ENDED
    return None if is_over else last.map[0]


def without_closer(text: str) -> str:
    """Cut off what may turn out not to close the formula that `text` ends in."""
    return text[:-2].rstrip(" \t\r\n") if text.endswith(tuple(CLOSERS.values())) else text


def _in_line(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    found = FORMULA.match(state.src, state.pos)
    if not found or (found["dollars"] and state.pos and GLUED.match(state.src[state.pos - 1])):
        return False
    if not silent:
        token = state.push("math", "span", 0)
        kind = str(found.lastgroup)
        token.content, token.attrs = found[kind].strip(), {"class": IN_LINE[kind]}
    state.pos = found.end()
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    r"""Read a formula from a line that begins with `$$` or `\[` to the line that ends with its closer.

    Where it ends does not depend on whether it is closed: what was above it stays as it is. A blank line ends
    it too; then it is a paragraph of text.
    """
    if state.is_code_block(start):
        return False
    closer = CLOSERS.get(state.src[state.bMarks[start] + state.tShift[start] :][:2])
    if closer is None:
        return False
    if silent:
        return True
    first = _line(state, start)[2:]
    if closer in first.removesuffix(closer):  # it closes within the line: words, whatever comes after
        return paragraph(state, start, end, False)
    lines, is_closed, after = [first], first.endswith(closer), start + 1
    while not is_closed and after < end and _goes_on(state, after):
        lines.append(_line(state, after))
        is_closed = lines[-1].endswith(closer)
        after += 1
    state.line = after
    how = {"formula": CLOSED if is_closed else OPEN if after == end else ENDED}
    if is_closed and (source := "\n".join(lines).removesuffix(closer).strip()):
        formula = _push(state, "math_block", "div", 0, (start, after))
        formula.content, formula.meta = source, how
        return True
    _push(state, "paragraph_open", "p", 1, (start, after))
    inline = _push(state, "inline", "", 0, (start, after))
    inline.content = state.getLines(start, after, state.blkIndent, False).strip()
    inline.children, inline.meta = [], how
    _push(state, "paragraph_close", "p", -1, None)
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip(" \t\r")


def _goes_on(state: StateBlock, number: int) -> bool:
    """Say whether this line may belong to the formula: not a blank one, nor one outside its item or quote."""
    return not state.isEmpty(number) and state.sCount[number] >= state.blkIndent


def _push(state: StateBlock, kind: str, tag: str, nesting: int, lines: tuple[int, int] | None) -> Token:
    token = state.push(kind, tag, nesting)  # type: ignore[arg-type]  # one of -1, 0, 1
    token.map = list(lines) if lines else None
    return token
