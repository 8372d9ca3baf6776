"""The mark: the one place in a live text where the next character will appear."""

import re
import secrets
from collections.abc import Sequence

from markdown_it.token import Token

from chat.core.markdown.parser import is_open_fence, trim_end

# Stands for the mark while the HTML is made. Drawn anew by each process and never sent to anyone, so
# that no model can write it; plain letters, so that neither renderer nor sanitiser touches it.
NONCE = "mark" + secrets.token_hex(16)
ROW_START = re.compile(r"[\s>]*\|?")
PIPE = re.compile(r"\\.|(\|)")


def mark_html(key: str, offset: int) -> str:
    """Write the mark of message `key`, whose text is shown up to `offset` (bytes)."""
    return f'<i class="mark" id="mark-{key}" data-o="{offset}"></i>'


def place_nonce(tokens: list[Token], text: str) -> None:
    """Put the nonce into the tokens of `text` where the text goes on: after the parsing."""
    leaf = last_leaf(tokens)
    if leaf is None:
        tokens.extend(_paragraph_to_come())
        return
    token = tokens[leaf]
    if is_open_fence(token):
        token.content += NONCE
    elif text.endswith("\n"):  # a line ended that cannot go on: the next block is somewhere below
        tokens.extend(_paragraph_to_come())
    elif is_cell(tokens, leaf):
        _place_in_row(tokens, leaf, text[text.rfind("\n") + 1 :])
    elif token.type == "inline":
        token.children = [*(token.children or []), _nonce()]
    elif token.type == "code_block":
        token.content = trim_end(token.content) + NONCE
    elif token.nesting == 1:  # an empty item or quote
        tokens.insert(leaf + 1, _nonce())
    else:
        tokens.extend(_paragraph_to_come())


def last_leaf(tokens: Sequence[Token]) -> int | None:
    """Find the token that holds the end of the text: walk back over what only closes."""
    for place in range(len(tokens) - 1, -1, -1):
        if tokens[place].nesting != -1:
            return place
    return None


def is_cell(tokens: Sequence[Token], leaf: int) -> bool:
    """Say whether this leaf is a table cell's text."""
    return tokens[leaf].type == "inline" and tokens[leaf + 1].type in ("th_close", "td_close")


def _place_in_row(tokens: list[Token], leaf: int, row: str) -> None:
    """Put the nonce into the cell that the row's unescaped pipes lead to; a full row is over."""
    row = row[ROW_START.match(row).end() :]  # type: ignore[union-attr]  # it matches the empty string
    cell = sum(1 for pipe in PIPE.finditer(row) if pipe[1])
    first = leaf
    while tokens[first].type != "tr_open":
        first -= 1
    cells = [token for token in tokens[first : leaf + 1] if token.type == "inline"]
    if tokens[leaf + 1].type == "th_close" or cell >= len(cells):
        tokens.extend(_paragraph_to_come())
    else:
        cells[cell].children = [*(cells[cell].children or []), _nonce()]


def _nonce() -> Token:
    return Token("text", "", 0, content=NONCE)


def _paragraph_to_come() -> list[Token]:
    return [Token("paragraph_open", "p", 1), _nonce(), Token("paragraph_close", "p", -1)]
