"""Reads HTML from its first byte to its last, once: no tree is built, so nothing in it can be too deep."""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape

from chat.core.documents import Block
from chat.extraction.cleaning import clean, decode
from chat.extraction.outline import Outline

# What is not text for whoever reads: it is passed over whole.
PASSED_OVER = frozenset(
    (
        *("script", "style", "template", "noscript", "svg", "canvas", "iframe", "object", "embed", "audio"),
        *("video", "map", "select", "button", "textarea", "nav"),
    )
)
RAW = frozenset(
    ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
)  # no tags in it
NOT_READ = PASSED_OVER | RAW
_BLOCKS = """
    address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure
    footer form header hr html legend li main menu ol p pre section summary table tbody tfoot thead tr
    ul caption search hgroup
"""
PARAGRAPHS = frozenset(_BLOCKS.split())
TOGETHER = frozenset(("ul", "ol", "dl", "table", "pre"))  # stay one block, line by line
LINES = frozenset(("li", "tr", "dt", "dd"))
LONGEST_QUOTED = 4096  # characters of an attribute that holds a ">"
LONGEST_TAG_NAME = 20

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE
)
_HEADING = re.compile(r"h[1-6]")
_NAME = re.compile(r"(/?)([A-Za-z][A-Za-z0-9:-]*)")
_SPACE = re.compile(r"[ \t\n\r]{2,}|[\t\n\r]")


def read(original: bytes) -> Iterator[Block]:
    """Give what a page says, under its headings. Raises Unreadable."""
    declared = _CHARSET.search(original, 0, 2048)
    page = decode(original, declared[1].decode() if declared else None)
    return _Page().read(page)


class _Page:
    """Where a reader of a page is: the text of the open paragraph, and what it stands in."""

    def __init__(self) -> None:
        self._outline = Outline()
        self._text: list[str] = []
        self._title: list[str] | None = None  # of the open heading
        self._level = 0
        self._together = 0  # lists, tables and the like that are open
        self._verbatim = 0  # <pre> that are open

    def read(self, page: str) -> Iterator[Block]:
        for tag, is_end, text in _tokens(page):
            if text:
                self._write(clean(unescape(text)) if "&" in text else text)
            elif tag == "br":
                self._line()
            elif _HEADING.fullmatch(tag):
                yield from self._paragraph()
                yield from self._heading(0 if is_end else int(tag[1]))
            elif tag in ("td", "th"):
                self._cell(is_end)
            elif tag in TOGETHER:
                yield from self._group(tag, is_end)
            elif tag in PARAGRAPHS:
                yield from self._break(tag, is_end)
        yield from self._paragraph()
        yield from self._heading(0)
        yield from self._outline.close()

    def _write(self, text: str) -> None:
        if not self._verbatim:
            text = _SPACE.sub(" ", text)
            if text[:1] == " " and (not self._text or self._text[-1][-1:] in (" ", "\n")):
                text = text[1:]
        if text:
            (self._text if self._title is None else self._title).append(text)

    def _line(self) -> None:
        if self._title is not None:
            self._title.append(" ")
        elif self._text:
            self._text.append("\n")

    def _cell(self, is_end: bool) -> None:
        if not is_end and self._text:
            self._text[-1] = self._text[-1].rstrip(" ")
            if not self._text[-1].endswith("\n"):
                self._text.append(" | ")

    def _break(self, tag: str, is_end: bool) -> Iterator[Block]:
        """Come to the beginning or end of a paragraph; within a list or a table it is a line."""
        if not self._together:
            yield from self._paragraph()
            return
        if self._text and not self._text[-1].endswith("\n") and self._text[-1] not in ("- ", " | "):
            self._text.append("\n" if tag in LINES or is_end else " ")
        if tag == "li" and not is_end:
            self._text.append("- ")

    def _group(self, tag: str, is_end: bool) -> Iterator[Block]:
        """Come to the beginning or end of a list, a table, or text that keeps its lines."""
        if not self._together or (is_end and self._together == 1):
            yield from self._paragraph()
        elif self._text and not self._text[-1].endswith("\n"):
            self._text.append("\n")
        self._together = max(0, self._together + (-1 if is_end else 1))
        if tag == "pre":
            self._verbatim = max(0, self._verbatim + (-1 if is_end else 1))

    def _heading(self, level: int) -> Iterator[Block]:
        """Come to the beginning of a heading, or with level 0 to the end of one."""
        if self._title is not None:
            yield from self._outline.enter(self._level, "".join(self._title))
        self._title, self._level = ([] if level else None), level
        if level:
            self._together = self._verbatim = 0  # whatever was left open does not go on below it

    def _paragraph(self) -> Iterator[Block]:
        text, self._text = "".join(self._text), []
        if not self._verbatim:
            text = "\n".join(line.strip() for line in text.split("\n"))
        yield from self._outline.say(text)


Token = tuple[str, bool, str]  # the name of a tag and whether it ends there, or else some text


def _tokens(page: str) -> Iterator[Token]:
    """Take a page apart into tags and text. Each character is looked at a bounded number of times."""
    at, end = 0, len(page)
    endless: set[str] = set()  # elements that are opened and never closed: not looked for again
    while at < end:
        begins = page.find("<", at)
        if begins < 0:
            begins = end
        if begins > at:
            yield "", False, page[at:begins]
        if begins == end:
            return
        at, tag, is_end = _tag(page, begins)
        if not tag:
            if at == begins + 1:
                yield "", False, "<"
        elif is_end or tag not in NOT_READ or tag in endless:
            yield tag, is_end, ""
        elif behind := _behind(page, tag, at):
            at = behind
        else:
            endless.add(tag)


def _tag(page: str, begins: int) -> tuple[int, str, bool]:
    """Read the tag that begins here; give the place behind it, its name, and whether it ends an element."""
    if page.startswith("<!--", begins):
        ends = page.find("-->", begins + 4)
        return (ends + 3 if ends >= 0 else len(page)), "", False
    name = _NAME.match(page, begins + 1, begins + 2 + LONGEST_TAG_NAME)
    if name is None and page[begins + 1 : begins + 2] not in ("!", "?", "/"):
        return begins + 1, "", False  # "a < b"
    ends = page.find(">", begins)
    if ends < 0:
        return len(page), "", False
    ends = _unquoted(page, begins, ends)
    return ends + 1, name[2].lower() if name else "", bool(name and name[1])


def _unquoted(page: str, begins: int, ends: int) -> int:
    """Find the end of a tag: not the ">" in a value between quotes."""
    for quote in ('"', "'"):
        opened = page.rfind("=" + quote, begins, ends)
        if opened >= 0 and page.find(quote, opened + 2, ends) < 0:
            closed = page.find(quote, ends, ends + LONGEST_QUOTED)
            behind = page.find(">", closed, closed + LONGEST_QUOTED) if closed >= 0 else -1
            return behind if behind >= 0 else ends
    return ends


def _behind(page: str, tag: str, at: int) -> int:
    """Find the place behind an element that is passed over, and behind those of its name within it.

    Gives 0 if it is never closed; but what browsers take for no text goes on to the end of the page then.
    """
    depth = 1
    for mark in _marks_of(tag).finditer(page, at):
        depth += -1 if mark[1] else tag not in RAW
        if not depth:
            ends = page.find(">", mark.end())
            return ends + 1 if ends >= 0 else len(page)
    return len(page) if tag in RAW else 0


@cache
def _marks_of(tag: str) -> re.Pattern[str]:
    return re.compile(rf"<(/?){tag}(?=[\s/>])", re.IGNORECASE)
