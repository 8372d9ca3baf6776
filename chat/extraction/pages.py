"""Lines on pages to paragraphs: what a page shows, without what is there for the sake of the paper."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from chat.extraction.text import join_lines

EDGE = 2  # lines at the head and at the foot of a page that may stand on many
ON_PAGES = 3  # at least so many have such a line
OF_ALL = 0.05  # and so great a part of them all: a chapter has its own
FULL = 0.75  # of the longest lines: a shorter one ends its paragraph

_DIGITS = re.compile(r"\d+|\b[ivxlc]{1,6}\b")
_BROKEN_WORD = re.compile(r"[^\W\d_]{2}-\Z")
_ITEM = re.compile(r"(?:[•‣▪●○◦–—*·]|\d{1,3}[.)]|\([a-z0-9]{1,3}\))\s")
_ENDS = (".", "!", "?", ":", "…", "。", "！", "？", ".”", ".»", '."', ".)")
_NOT_A_LETTER = re.compile(r"[\W\d_]+")


def without_edges(pages: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Take running heads and page numbers off pages."""
    seen = Counter(chain.from_iterable({_shape(line) for line in _edges(page)} for page in pages))
    most = max(ON_PAGES, OF_ALL * len(pages))
    repeated = {shape for shape, times in seen.items() if times >= most}
    for page in pages:
        begins, ends = 0, len(page)
        while begins < min(EDGE, len(page)) and _shape(page[begins]) in repeated:
            begins += 1
        while ends > max(begins, len(page) - EDGE) and _shape(page[ends - 1]) in repeated:
            ends -= 1
        yield list(page[begins:ends])


def paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Join lines that fill the page's width with those they go on in; give one text for each paragraph."""
    if not lines:
        return
    sizes = sorted(map(len, lines))
    full = FULL * sizes[int(len(sizes) * 0.9)]
    open_lines: list[str] = []
    for line in lines:
        if open_lines and not _goes_on(open_lines[-1], line, full):
            yield _joined(open_lines)
            open_lines = []
        open_lines.append(line)
    yield _joined(open_lines)


def same(line: str, title: str) -> bool:
    """Say whether a line is the heading of this title, however it is numbered, spaced or capitalised."""
    letters = _letters(title)
    return bool(letters) and len(line) < 2 * len(title) + 20 and _letters(line) == letters


def _letters(text: str) -> str:
    return _NOT_A_LETTER.sub("", text).casefold()


def _edges(page: Sequence[str]) -> Sequence[str]:
    return [*page[:EDGE], *page[-EDGE:]]


def _shape(line: str) -> str:
    """Give what of a line is the same on each page."""
    return _DIGITS.sub("#", line.casefold())


def _goes_on(line: str, after: str, full: float) -> bool:
    """Say whether a paragraph that has come to `line` goes on with the one `after` it."""
    if _ITEM.match(after):
        return False
    if len(line) >= full:
        return True
    return bool(_BROKEN_WORD.search(line)) or (after[:1].islower() and not line.endswith(_ENDS))


def _joined(lines: list[str]) -> str:
    """Write lines as one, and words that were broken at their ends as words."""
    whole = lines[:1]
    for line in lines[1:]:
        if _BROKEN_WORD.search(whole[-1]) and line[:1].islower():
            whole[-1] = whole[-1][:-1] + line
        else:
            whole.append(line)
    return join_lines(whole)
