"""A text as a row of regions, one for each top-level block: all but the last are final."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from markdown_it.token import Token

from chat.core.markdown.chips import NO_NUMBERS
from chat.core.markdown.held import settle
from chat.core.markdown.mark import NONCE, mark_html, place_nonce
from chat.core.markdown.parser import blocks, parse, read, to_html
from chat.core.markdown.sanitise import sanitise


@dataclass(frozen=True, slots=True)
class Region:
    """One block's sanitised inner HTML, and the place (bytes) where it begins in the text."""

    start: int
    html: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A live text as a page shows it.

    `closed` are final, from the place asked for on; `open` holds the mark; `offset` (bytes) is how far
    the text is shown.
    """

    closed: tuple[Region, ...]
    open: Region
    offset: int


def render(text: str, numbers: Set[int] = NO_NUMBERS) -> str:
    """Give a finished text's HTML: whole, sanitised, the same bytes as its regions one after another."""
    return "".join(region.html for region in finished(text.encode(), numbers=numbers))


def chips_of(text: str, numbers: Set[int]) -> set[int]:
    """Give the numbers of which a finished text shows a chip."""
    inline = (token.children or () for token in parse(read(text.encode()), numbers))
    return {int(one.content.strip("[]")) for children in inline for one in children if one.type == "chip"}


def finished(text: bytes, since: int = 0, numbers: Set[int] = NO_NUMBERS) -> tuple[Region, ...]:
    """Give a finished text's regions from `since` (where a region begins) on; none when nothing is there.

    `numbers`: of the sources that it may cite.
    """
    source = read(text[since:])
    found = blocks(parse(source, numbers))
    return _regions(found, _starts(found, source, since))


def picture(text: bytes, key: str, since: int = 0, numbers: Set[int] = NO_NUMBERS) -> Picture:
    """Picture message `key` while its text grows; parses only from `since`, where a region begins.

    The same bytes from the same place are always the same picture: a place is enough to resume. So are the
    `numbers` that it may cite, which are known before the first byte.
    """
    source, tokens = settle(read(text[since:].removesuffix(b"\r")), numbers)
    offset = since + len(source.encode())
    found = blocks(tokens)
    starts = _starts(found, source, since)
    last = found[-1] if found else []
    place_nonce(last, source)
    html = sanitise(to_html(last)).replace(NONCE, mark_html(key, offset), 1)
    return Picture(_regions(found[:-1], starts), Region(starts[-1] if starts else since, html), offset)


def _regions(found: Sequence[list[Token]], starts: Sequence[int]) -> tuple[Region, ...]:
    return tuple(Region(start, sanitise(to_html(block))) for block, start in zip(found, starts, strict=False))


def _starts(found: Sequence[list[Token]], source: str, since: int) -> list[int]:
    """Give where each block begins, in bytes of the whole text; what is before the first belongs to it."""
    starts = [since] if found else []
    line = at = 0
    for block in found[1:]:
        begin = at
        while block[0].map and line < block[0].map[0]:
            at = source.index("\n", at) + 1
            line += 1
        starts.append(starts[-1] + len(source[begin:at].encode()))
    return starts
