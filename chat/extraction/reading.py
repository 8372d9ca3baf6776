"""From an original to messages: what of a document is told to whoever wants it read."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from chat.core.documents import Block, Passage
from chat.core.documents.cutting import cut
from chat.core.stems import language_of
from chat.extraction.limits import Limits
from chat.extraction.unreadable import Unreadable

Message = dict[str, Any]
Blocks = tuple[int | None, Iterator[Block]]  # the number of pages, where the kind has some
Progress = Callable[[int], None]  # percent, of what comes before the first block

PICTURES = (
    "This PDF holds no text, only pictures of it. Run text recognition (OCR) over it, and add it again."
)
EMPTY = "There is no text in this document."
TOLD = [
    field.name for field in fields(Passage)
]  # `asdict` would copy each value, and take longer than cutting
LEAST_COUNTED = 100  # characters of a passage, however short: a file of headings would make millions
UNPACKED = {"docx": 6}  # characters that a byte of it comes to, about
LANGUAGE_BY = 20_000  # characters from its beginning tell a document's language


def inspect(kind: str, original: bytes, limits: Limits) -> int | None:
    """See that a document can be opened, and give its pages where its kind has some. Raises Unreadable."""
    if kind == "pdf":
        from chat.extraction import pdf  # late: no other kind needs what it loads

        return pdf.inspect(original, limits)
    if kind == "docx":
        from chat.extraction import docx

        docx.inspect(original)
    return None


def read(kind: str, original: bytes, limits: Limits, tell: Callable[[Message], None]) -> Message:
    """Tell of a document's passages and how far this is; give what to say at the end. Raises Unreadable."""
    far = Far(tell)
    pages, blocks = _blocks(kind, original, limits, far.reach)
    characters, counted, sample = 0, 0, ""
    total = len(original) * UNPACKED.get(kind, 1)
    for passage in cut(blocks):
        characters += len(passage.text)
        counted += max(LEAST_COUNTED, len(passage.text))
        if limits.characters and counted > limits.characters:
            raise Unreadable(
                "too_long", f"This document has more text than the {limits.characters:,} characters allowed."
            )
        if len(sample) < LANGUAGE_BY:
            sample += passage.text + "\n"
        tell({"passage": {name: getattr(passage, name) for name in TOLD}})
        if pages is None:
            far.reach(min(99, characters * 100 // max(1, total)))
    if not characters:
        raise Unreadable("no_text", PICTURES if kind == "pdf" else EMPTY)
    return {"pages": pages, "characters": characters, "language": language_of(sample)}


class Far:
    """Tells how far the reading is, each percent once."""

    def __init__(self, tell: Callable[[Message], None]) -> None:
        self._tell = tell
        self._percent = 0

    def reach(self, percent: int) -> None:
        """Tell of a percentage, if it is news."""
        if percent > self._percent:
            self._percent = percent
            self._tell({"progress": percent})


def _blocks(kind: str, original: bytes, limits: Limits, progress: Progress) -> Blocks:
    if kind == "pdf":
        from chat.extraction import pdf

        return pdf.read(original, limits, progress)
    if kind == "docx":
        from chat.extraction import docx

        return None, docx.read(original)
    from chat.extraction import html, markdown, text

    readers = {"html": html.read, "markdown": markdown.read, "text": text.read}
    return None, readers[kind](original)
