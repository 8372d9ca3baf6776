"""Cuts a document into passages: along its headings and pages first, then paragraphs, then sentences."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

from chat.core.boundaries import sentence_ends
from chat.core.documents import Block, Passage

# In characters. A passage is found and quoted as one: it should say one thing, and say it whole.
TARGET = 900
MOST = 1400
LEAST = 450  # no long paragraph is cut before this; at the end of a section, fewer go with those before
OVERLAP = 200  # of the passage before, within which a passage is found too
PARAGRAPH = "\n\n"  # between the blocks of a passage
LONGEST_GAP = (
    20  # of white space that is kept where a block is cut: a page of it would leave no room for text
)
BETWEEN_HEADINGS = " › "
LONGEST_HEADING = 300  # of all of them together

Part = tuple[str, str]  # some text, and what stands between it and the one before
_BLANK = re.compile(r"\s")
_JOINERS = "\u200c\u200d"  # what holds both its neighbours
_FOLLOWERS = "\u200c\u200d\ufe0e\ufe0f"  # what belongs to the character before it
_LONGEST_CLUSTER = 32  # characters that are one for whoever reads


def cut(blocks: Iterable[Block]) -> Iterator[Passage]:
    """Cut a document's blocks into passages, none of which crosses a heading or a page.

    Their texts, one after another, are all that the blocks say: only white space is left out where one ends.
    Takes time in proportion to the text, whatever it looks like, and holds two passages and a block.
    """
    number, before, section = 0, "", None
    for (headings, page), group in groupby(blocks, lambda block: (block.headings, block.page)):
        if headings != section:
            before, section = "", headings
        for text in _pack(part for block in group for part in _parts(block.text.strip())):
            number += 1
            yield Passage(number, text, before, heading_of(headings), page)
            before = ending(text)


def heading_of(headings: tuple[str, ...]) -> str:
    """Write the headings above a passage as one line; of very long ones the end, which is the nearest."""
    line = BETWEEN_HEADINGS.join(headings)
    return line if len(line) <= LONGEST_HEADING else "…" + line[1 - LONGEST_HEADING :]


def ending(text: str) -> str:
    """Give the last sentences of a text that fit into the overlap; of a longer one, its last words."""
    if len(text) <= OVERLAP:
        return text
    tail = text[-OVERLAP:]
    # A sentence that begins with the tail is seen only if what ended the one before it is seen too.
    begins = next((at for at in sentence_ends(text[-OVERLAP - 2 :]) if at >= 2), 2) - 2
    if begins == 0 or not tail[begins:].strip():
        blank = _BLANK.search(tail)
        begins = blank.end() if blank else _between_characters(tail, 1)
    return tail[begins:].strip()


def _pack(parts: Iterable[Part]) -> Iterator[str]:
    """Join the parts of a section until each is about TARGET characters long; none gets longer than MOST."""
    held, growing, joint = "", "", ""  # `held` waits: what follows may be too short to stand alone
    for text, before in parts:
        if growing and _belongs(len(growing), len(before) + len(text)):
            growing += before + text
            continue
        if 0 < len(growing) < LEAST:  # too short to stand alone either: it takes of what follows
            room = len(growing) + len(before)
            ends, begins = _best_cut(text, 0, MOST - room, TARGET - room, LEAST - room)
            growing += before + text[:ends]
            before, text = text[ends:begins], text[begins:]
        if held:
            yield held
        held, growing, joint = growing, text, before
    if held and len(growing) < LEAST and len(held) + len(joint) + len(growing) <= MOST:
        growing, held = held + joint + growing, ""
    yield from filter(None, (held, growing))


def _belongs(size: int, more: int) -> bool:
    """Say whether a passage of `size` characters comes nearer to TARGET with `more`."""
    return size + more <= MOST and abs(size + more - TARGET) <= abs(size - TARGET)


def _parts(text: str) -> Iterator[Part]:
    """Cut a block into parts of at most MOST characters."""
    at, joint = 0, PARAGRAPH
    while len(text) - at > MOST:
        left = len(text) - at
        ends, begins = _best_cut(text, at, MOST, TARGET if left > 2 * TARGET else left // 2, LEAST)
        yield text[at:ends], joint
        at, joint = begins, text[ends : min(begins, ends + LONGEST_GAP)]
    if text:
        yield text[at:], joint


def _best_cut(text: str, start: int, most: int, target: int, least: int) -> tuple[int, int]:
    """Find where the text from `start` on is cut best: after the sentence, else the word, nearest to target.

    Gives the end of what is before the cut and the beginning of what is behind it; `text` ends with no space.
    """
    window = text[start : start + most]
    places = [at for at in sentence_ends(window) if at >= least]
    begins = start + (
        min(places, key=lambda at: abs(at - target)) if places else _between_words(window, target, least)
    )
    ends = start + len(text[start:begins].rstrip())
    while text[begins].isspace():
        begins += 1
    return ends, begins


def _between_words(text: str, target: int, least: int) -> int:
    """Find the place behind the last blank before `target`, else the next; else one between characters."""
    for place in range(target, max(0, least - 1), -1):
        if text[place - 1].isspace():
            return place
    blank = _BLANK.search(text, target)
    return blank.end() if blank else _between_characters(text, target)


def _between_characters(text: str, at: int) -> int:
    """Move a place to the left until it separates no mark from its letter."""
    for place in range(at, max(0, at - _LONGEST_CLUSTER), -1):
        if not _clings(text[place]) and text[place - 1] not in _JOINERS:
            return place
    return at


def _clings(character: str) -> bool:
    return character in _FOLLOWERS or unicodedata.category(character) in ("Mn", "Mc", "Me")
