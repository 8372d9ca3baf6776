"""Citing: the marks `[1]` of an answer, what each of them is said to show, and the sentence that shows it."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import log

from chat.core.searching import ALONE, words
from chat.core.sources import Source

# `[1]` and `[1, 2]`; no link, nothing escaped, no formula. Whoever shows marks reads them by this.
MARK = re.compile(r"(?<!\\)\[([0-9]{1,3}(?:[ \t]*,[ \t]*[0-9]{1,3}){0,15})\](?!\()")
MOST_SOURCES = 999  # of one answer: a mark has three digits
FENCE = re.compile(r"^[ \t>]*+(`{3,}+|~{3,}+)[^\n]*+\n(?s:.*?)(?:^[ \t>]*+\1[`~]*+[ \t]*+$|\Z)", re.MULTILINE)
TICKS_OR_BLANK = re.compile(r"`+|\n[ \t]*+\n")
# Lines of a file that was set in columns end anywhere: a line break ends a sentence only before an item.
SENTENCE_END = re.compile(
    r"[.!?…‼⁇؟۔।॥][\"'”’»)\]*_]{0,8}\s+"
    r"|[。！？｡][」』）】》”’]{0,4}"
    r"|\n[ \t]*\n\s*"
    r"|\n(?=[ \t]*(?:[-*+•|]|\d{1,3}[.)])[ \t])"
)
SHORTENED = re.compile(
    r"(?:^|[\s(])(?:\w|\d{1,2}|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|Art|Abs|Fig|vs|cf|ca|bzw|vgl|e\.g|i\.e|z\.B)$"
)
REACH = 600  # characters on either side of a mark that its claim may take
FEW = 4  # words before a mark that say too little alone: the sentence's rest is taken too
MOST_CLAIMS = 12  # of one source that are compared with it
KEY = 6  # letters of a word that count: "agree" and "agreed" are one


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark in a text, from `start` to `end` in characters, and the numbers that it names."""

    start: int
    end: int
    numbers: tuple[int, ...]


def marks(text: str) -> Iterator[Mark]:
    """Give the marks of a text in their order; what stands in code is none."""
    if "[" not in text:
        return
    code = _code(text)
    at = 0
    for found in MARK.finditer(text):
        while at < len(code) and code[at][1] <= found.start():
            at += 1
        if at == len(code) or found.start() < code[at][0]:
            yield Mark(found.start(), found.end(), tuple(int(number) for number in found[1].split(",")))


def cited(text: str, numbers: Collection[int]) -> list[int]:
    """List which of these numbers a text cites, in the order in which it does, each once."""
    named = (number for mark in marks(text) for number in mark.numbers)
    return list(dict.fromkeys(number for number in named if number in numbers))


def rewritten(text: str, write: Callable[[Mark], str | None]) -> str:
    """Write a text with its marks as `write` wants them; None leaves one as it is."""
    pieces, at = [], 0
    for mark in marks(text):
        new = write(mark)
        if new is not None:
            kept = text[at : mark.start]
            pieces += [kept if new else kept.rstrip(" \t"), new]
            at = mark.end
    return "".join((*pieces, text[at:]))


def without_marks(text: str) -> str:
    """Take the marks out of an answer: their numbers mean nothing beside other sources."""
    return rewritten(text, lambda mark: "")


def settled(sources: Iterable[Source], text: str) -> list[Source]:
    """Keep the sources that a finished text cites, each with the sentence that it rests on, if any."""
    sources = list(sources)
    claims = _claims(text, {source.number for source in sources})
    return [
        replace(source, quote=_best_of(source.text, claims[source.number]))
        for source in sources
        if source.number in claims
    ]


def best_sentence(passage: str, claim: str) -> tuple[int, int] | None:
    """Find the sentence of a passage that says what `claim` says: from, to, in characters; None for none."""
    return _best_of(passage, [claim])


def sentences(text: str) -> list[tuple[int, int]]:
    """Cut a text into its sentences: from, to, in characters, without the white space around."""
    ends = [end.end() for end in SENTENCE_END.finditer(text) if not _is_no_end(text, end)]
    found = []
    for start, stop in zip([0, *ends], [*ends, len(text)], strict=True):
        inner = text[start:stop]
        begin = start + len(inner) - len(inner.lstrip())
        if inner.strip():
            found.append((begin, start + len(inner.rstrip())))
    return found


def _code(text: str) -> list[tuple[int, int]]:
    """Give the places of a text that are code, in their order: fences, and what stands between backticks."""
    if "`" not in text and "~~~" not in text:
        return []
    fences = [found.span() for found in FENCE.finditer(text)]
    found, begin = [], 0
    for fence in [*fences, (len(text), len(text))]:
        found += [*_spans(text, begin, fence[0]), fence]
        begin = fence[1]
    return found


def _spans(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Give what stands between two equal rows of backticks, without a blank line between them."""
    paragraph: list[tuple[int, int]] = []
    for row in TICKS_OR_BLANK.finditer(text, begin, end):
        if row[0][0] == "`":
            paragraph.append(row.span())
        else:
            yield from _paired(paragraph)
            paragraph = []
    yield from _paired(paragraph)


def _paired(rows: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last = {end - start: at for at, (start, end) in enumerate(rows)}  # by length: where the last one is
    at = 0
    while at < len(rows):
        start, end = rows[at]
        if last[end - start] == at:
            at += 1
            continue
        at = next(n for n in range(at + 1, len(rows)) if rows[n][1] - rows[n][0] == end - start)
        yield start, rows[at][1]
        at += 1


def _is_no_end(text: str, end: re.Match[str]) -> bool:
    """Say whether a full stop belongs to an abbreviation, an initial or the number of an item."""
    return end[0][0] == "." and SHORTENED.search(text, max(0, end.start() - 12), end.start()) is not None


def _claims(text: str, numbers: Collection[int]) -> dict[int, list[str]]:
    """Give, by number, what the text says where it cites it."""
    found: dict[int, list[str]] = {}
    for mark in marks(text):
        claim = None
        for number in mark.numbers:
            if number in numbers and len(claims := found.setdefault(number, [])) < MOST_CLAIMS:
                claim = claim if claim is not None else _claim(text, mark)
                claims.append(claim)
    return found


def _claim(text: str, mark: Mark) -> str:
    """Give the sentence in which, or after which, a mark stands."""
    before = MARK.sub("", text[max(0, mark.start - REACH) : mark.start]).rstrip()
    spans = sentences(before)
    claim = before[spans[-1][0] :] if spans else ""
    if len(_keys(claim)) >= FEW or before[-1:] in ".!?。！？":
        return claim
    after = MARK.sub("", text[mark.end : mark.end + REACH])
    return f"{claim} {after[: next((end for _, end in sentences(after)), 0)]}"


def _best_of(passage: str, claims: Sequence[str]) -> tuple[int, int] | None:
    wanted = [set(_keys(claim)) for claim in claims]
    spans = sentences(passage)
    held = [set(_keys(passage[start:end])) for start, end in spans]
    common = Counter(key for keys in held for key in keys)
    weight = {key: log(1 + len(spans) / count) for key, count in common.items()}
    best, most = None, 0.0
    for span, keys in zip(spans, held, strict=True):
        for claim in wanted:
            # By the square root of its length: a long sentence holds more words by chance alone.
            likeness = sum(weight[key] for key in keys & claim) / (len(keys) + FEW) ** 0.5
            if likeness > most:
                best, most = span, likeness
    return best


def _keys(text: str) -> list[str]:
    """Give what is compared of a text: beginnings of words, numbers, and pairs of signs without spaces."""
    found, before = [], ""
    for word in words(text):
        if ALONE.match(word):
            found.append(before + word)
            before = word
            continue
        before = ""
        if len(word) >= FEW or any(character.isdigit() for character in word):
            found.append(word[:KEY])
    return found
