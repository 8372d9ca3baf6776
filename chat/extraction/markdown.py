"""Reads Markdown line by line: its headings, paragraphs, lists, tables and code, without its marks."""

import re
from collections.abc import Iterator

from chat.core.documents import Block
from chat.extraction.cleaning import decode
from chat.extraction.outline import Outline
from chat.extraction.text import join_lines

MARKS = "`~#=-*_"  # lines that begin otherwise are text
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"[ ]{0,3}(#{1,6})(?:[ \t]+(.*))?$")
_CLOSING = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_SETEXT = re.compile(r"[ ]{0,3}(=+|-{2,})[ \t]*$")
_RULE = re.compile(r"[ ]{0,3}(?:[-*_][ \t]*){3,200}$")
OWN = "-*+•|[0123456789"  # a line that begins otherwise goes on with the one before
_OWN_LINE = re.compile(r"[ \t]*(?:[-*+•][ \t]|\d{1,9}[.)][ \t]|\||\[[^\]]{1,80}\]:)")  # items, rows, notes
_QUOTE = re.compile(r"\A[ ]{0,3}>[ ]?")
_UNDER_HEAD = re.compile(r"[-:| ]+")
_CODE = ("    ", "\t")
# Marks of emphasis stand at a word, not between blanks: `a * b` and `snake_case` keep theirs.
_EMPHASIS = re.compile(
    r"(?<![\w*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?!\w)|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)"
)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\n]{0,1000}\)")
_FRONT = re.compile(
    r"---\n(.{0,10000}?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL
)  # what some write before the text
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def read(original: bytes) -> Iterator[Block]:
    """Give what a file of Markdown says. Raises Unreadable."""
    text = decode(original)
    page = _Page()
    if front := _FRONT.match(text):
        yield from page.outline.say(front[1])
        text = text[front.end() :]
    for line in (_COMMENT.sub("", text) if "<!--" in text else text).split("\n"):
        mark = line.lstrip()[:1]
        if mark and mark not in MARKS and not page.fence:
            page.lines.append(line)
        else:
            yield from page.take(line)
    yield from page.end()
    yield from page.outline.close()


class _Page:
    """Where a reader of Markdown is."""

    def __init__(self) -> None:
        self.outline = Outline()
        self.lines: list[str] = []  # of the paragraph, list, table or code that is being read
        self.fence = ""  # that has to come again before anything else means something

    def take(self, line: str) -> Iterator[Block]:
        """Take a line that may mean more than it says."""
        if self.fence:
            bare = line.strip()
            if bare.startswith(self.fence) and not bare.strip(self.fence[0]):
                yield from self.end()
            else:
                self.lines.append(line.rstrip())
        elif opens := _FENCE.match(line):
            yield from self.end()
            self.fence = opens[1]
        elif atx := _ATX.match(line):
            yield from self.end()
            yield from self.outline.enter(len(atx[1]), plain(_CLOSING.sub("", atx[2] or "")))
        elif self.lines and not _OWN_LINE.match(self.lines[-1]) and (under := _SETEXT.match(line)):
            title = self.lines.pop()
            yield from self.end()
            yield from self.outline.enter(1 if under[1][0] == "=" else 2, plain(title))
        elif not line.strip() or _RULE.match(line):
            yield from self.end()
        else:
            self.lines.append(line)

    def end(self) -> Iterator[Block]:
        """Come to the end of a paragraph, or of what is fenced."""
        lines, self.lines, fence, self.fence = self.lines, [], self.fence, ""
        return self.outline.say("\n".join(lines) if fence else _joined(lines))


def plain(text: str) -> str:
    """Take the marks of links and of emphasis out of a line: who reads the passage sees it as it is."""
    if "](" in text:
        text = _LINK.sub(r"\1", _LINK.sub(r"\1", text))  # twice: a picture can be a link
    if "*" not in text and "_" not in text:
        return text.replace("`", "") if "`" in text else text
    pieces = text.split("`")  # every second one is code, which keeps its stars
    pieces[::2] = [_EMPHASIS.sub("", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _joined(lines: list[str]) -> str:
    """Write a paragraph as one line; items of a list, rows of a table and code keep theirs."""
    if not lines:
        return ""
    if all(line.startswith(_CODE) for line in lines):
        return "\n".join(line.rstrip() for line in lines)
    written: list[list[str]] = []
    for line in lines:
        line = _QUOTE.sub("", line, count=1) if ">" in line else line
        mark = line.lstrip()[:1]
        if mark == "|":  # a row is written as in documents of other kinds: a | b
            written += [] if _UNDER_HEAD.fullmatch(line.strip()) else [[line.strip(" \t|")]]
        elif (
            written
            and (mark not in OWN or not _OWN_LINE.match(line))
            and not written[-1][-1].endswith(("  ", "\\"))
        ):
            written[-1].append(line)
        else:
            written.append([line])
    return plain("\n".join(_one(group) for group in written))


def _one(group: list[str]) -> str:
    indent = group[0][: len(group[0]) - len(group[0].lstrip())]
    return indent + join_lines(group)
