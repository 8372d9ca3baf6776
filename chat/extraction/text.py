"""Reads plain text: paragraphs between empty lines, lines that were wrapped made whole, and its headings."""

import itertools
import re
from collections.abc import Iterator, Sequence

from chat.core.documents import Block
from chat.extraction.cleaning import decode

HEADING_LINES = 3  # at most: "CHAPTER II." and, below, its title
LONGEST_HEADING = 80  # characters; what is longer is a sentence
NARROWEST, WIDEST = 40, 160  # characters of a line that was wrapped by a program
RAGGED = 16  # characters that a wrapped line may be shorter than the width, for most words
MOSTLY = 0.6  # of the lines that go on are full where a text was wrapped
LEAST_LINES = 8  # that go on, before a text can be said to be wrapped
LOOKED_AT = 5000  # of its lines

_PARAGRAPH_END = re.compile(r"\n(?:[ \t]*\n)+")
_LARGE = "part book act teil buch akt partie livre acte parte libro atto deel boek"
_SMALL = (
    "chapter section scene appendix letter canto kapitel abschnitt szene anhang brief gesang chapitre scène"
    " annexe lettre chant capítulo sección escena capitolo sezione scena hoofdstuk"
)
_ALONE = (
    "preface introduction prologue epilogue contents abstract conclusion references vorwort einleitung"
    " prolog epilog nachwort inhalt préface avant-propos prólogo introducción prefazione introduzione"
)
_NUMBER = r"(?:[ivxlcdm]+|\d+|[a-z]|one|two|three|four|five|six|seven|eight|nine|ten|first|second|third|last)"
_NAMED = re.compile(
    rf"(?:(?P<large>{'|'.join(_LARGE.split())})|{'|'.join(_SMALL.split())})[ .]+(?:the )?{_NUMBER}\b|"
    rf"(?:{'|'.join(_ALONE.split())})[.:]?\Z|"
    rf"[^\W_]{{1,14}}[.]?[ ](?:{'|'.join((_SMALL + ' ' + _LARGE).split())})\Z",  # "Zweites Kapitel"
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"[IVXLC]{1,7}\Z|(?:[IVXLC]{1,7}\.|§ ?\d{1,4}\.?|\d{1,3}(?:\.\d{1,3}){1,3}\.?)(?:\s+[^\W\d_].*)?\Z"
)
_SENTENCE_ENDS = (".", ",", ";", ":", "!", "?", "…", "。", "“", "”", '"')
_GO_ON = (",", ";", ":")
_DASHES = "-–—"  # with which a word goes on in the next line
_FIRST_WIDE = "\u2e80"  # from here on, scripts are written without spaces


def read(original: bytes) -> Iterator[Block]:
    """Give the paragraphs of a file of text. Raises Unreadable."""
    return blocks_of(decode(original))


def blocks_of(text: str) -> Iterator[Block]:
    """Give the paragraphs of a text; a line that stands alone and looks like a heading is one.

    Of many such lines in a row, as in a list of contents, the last alone is a heading; the others are text.
    """
    width = wrapped_at(text)
    headings: tuple[str, ...] = ()
    run: list[str] = []  # lines like headings that nothing has followed yet
    for paragraph in _PARAGRAPH_END.split(text):
        paragraph = paragraph.strip("\n")
        bare = paragraph.strip()
        if not bare:
            continue
        if title := _heading_of(bare, run):
            run.append(title)
            continue
        if run:
            listed, headings = _above(run, headings)
            if listed:
                yield Block("\n".join(listed))
            run = []
        yield Block(unwrapped(paragraph, width), headings)
    if run:
        yield Block("\n".join(run), headings)


def wrapped_at(text: str) -> int:
    """Tell at which width the lines of a text were wrapped; 0 if they were not."""
    lines = text[: LOOKED_AT * WIDEST].split("\n", LOOKED_AT)[:LOOKED_AT]
    pairs = itertools.pairwise(lines)
    sizes = sorted(len(line.rstrip()) for line, after in pairs if line.strip() and after.strip())
    if len(sizes) < LEAST_LINES:
        return 0
    width = sizes[int(len(sizes) * 0.97)]
    full = sum(size >= width - RAGGED for size in sizes)
    return width if NARROWEST <= width <= WIDEST and full >= MOSTLY * len(sizes) else 0


def unwrapped(paragraph: str, width: int) -> str:
    """Join the lines of a paragraph whose every line is full: the next line's first word had no room."""
    lines = paragraph.split("\n")
    if len(lines) == 1 or not width or not all(map(_is_full, lines, lines[1:], [width] * (len(lines) - 1))):
        return "\n".join(line.rstrip() for line in lines)
    return join_lines(lines)


def join_lines(lines: Sequence[str]) -> str:
    """Write lines as one, with a space where one belongs."""
    if not any(line[-1:] in _DASHES or line[-1:] >= _FIRST_WIDE for line in lines):
        return " ".join(" ".join(lines).split())
    joined = " ".join(lines[0].split())
    for line in lines[1:]:
        line = " ".join(line.split())
        glued = joined[-1:] in _DASHES or (joined[-1:] >= _FIRST_WIDE and line[:1] >= _FIRST_WIDE)
        joined += line if glued else " " + line
    return joined


def _is_full(line: str, after: str, width: int) -> bool:
    words = after.split(None, 1)
    return bool(words) and len(line.rstrip()) + 1 + len(words[0]) >= width


def _heading_of(paragraph: str, run: Sequence[str]) -> str:
    """Give the heading that a paragraph is; "" if it is none."""
    lines = paragraph.split("\n", HEADING_LINES)
    if len(lines) > HEADING_LINES or max(map(len, lines)) > LONGEST_HEADING:
        return ""
    if len(lines) == 1:
        return paragraph if _is_heading(paragraph, run) else ""
    title = join_lines(lines)
    is_one = _is_number(lines[0].strip()) or (title.isupper() and _is_heading(title, run))
    return title if is_one and not title.endswith(_GO_ON) and len(title) <= LONGEST_HEADING else ""


def _is_heading(line: str, run: Sequence[str]) -> bool:
    if _NAMED.match(line):
        return line.isupper() or not line.endswith(_SENTENCE_ENDS) or _is_number(line)
    if line.isupper() and sum(map(str.isalpha, line)) > 2:
        return not line.endswith((*_GO_ON, "!", "?"))
    if line.endswith(_SENTENCE_ENDS) and not _COUNTED.fullmatch(line.split(" ")[0]):
        return False
    if _COUNTED.match(line):
        return not line.endswith(",")
    return bool(run) and _is_number(run[-1])  # the title below "CHAPTER I."


def _is_number(heading: str) -> bool:
    """Say whether a heading is only counted, so that its name may follow on the next line."""
    named = _NAMED.match(heading) or _COUNTED.match(heading)
    return named is not None and len(heading) - named.end() <= 1 and len(heading) <= 20


def _above(run: Sequence[str], headings: tuple[str, ...]) -> tuple[Sequence[str], tuple[str, ...]]:
    """Give which lines of a run were none, and the headings of what follows it."""
    size = 2 if len(run) > 1 and _is_number(run[-2]) and not _NAMED.match(run[-1]) else 1
    title = " ".join(run[-size:])
    before = run[:-size]
    large = headings[:1] if headings and _is_large(headings[0]) else ()
    if before and _is_large(before[-1]) and not _is_large(title):
        large, before = (before[-1],), before[:-1]
    return before, (title,) if _is_large(title) else (*large, title)


def _is_large(heading: str) -> bool:
    named = _NAMED.match(heading)
    return named is not None and named["large"] is not None
