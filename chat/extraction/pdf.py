"""Opens PDF, and reads it page by page, under the headings of its outline."""

import io
import logging
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator

from pypdf import PdfReader, overwrite_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError
from pypdf.generic import Destination, DictionaryObject

from chat.core.documents import Block
from chat.extraction.cleaning import clean
from chat.extraction.limits import Limits
from chat.extraction.outline import Outline
from chat.extraction.pages import paragraphs, same, without_edges
from chat.extraction.unreadable import Unreadable

NODES = 2  # of the tree of pages for each page; what has more is no tree
SOME_NODES = 200
ANY = 100_000  # pages, where any number is allowed
UNPACKED = 16 << 20  # bytes of what draws one page; a page full of text has some thousands
OPERATORS = 1_000_000  # in it
MOST_ENTRIES = 5000  # of an outline

# What pypdf raises over files that are damaged, by accident or on purpose.
ODD = (
    PyPdfError, DependencyError, ArithmeticError, AssertionError, AttributeError, LookupError, OSError,
    NotImplementedError, RecursionError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip

Progress = Callable[[int], None]
Entry = tuple[int, str]  # of an outline: its level from 1, and its title


def inspect(original: bytes, limits: Limits) -> int:
    """Count the pages of a PDF that can be opened. Raises Unreadable."""
    return len(_open(original, limits).pages)


def read(original: bytes, limits: Limits, progress: Progress) -> tuple[int, Iterator[Block]]:
    """Give the number of pages, and what they say. Raises Unreadable, now or while the blocks are taken."""
    reader = _open(original, limits)
    return len(reader.pages), _blocks(reader, progress)


def _open(original: bytes, limits: Limits) -> PdfReader:
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of each object that is a little wrong
    pages = limits.pages or ANY
    overwrite_configuration(
        page_tree_maximum_entries=NODES * pages + SOME_NODES,
        zlib_maximum_output_length=UNPACKED,
        lzw_maximum_output_length=UNPACKED,
        run_length_maximum_output_length=UNPACKED,
        array_based_stream_maximum_output_length=UNPACKED,
        stream_parsing_work_maximum_count=OPERATORS,
        jbig2dec_binary=None,
        disable_legacy_handling=True,
    )
    too_many = Unreadable("too_many_pages", f"This PDF has more pages than the {pages} that are allowed.")
    try:
        reader = PdfReader(io.BytesIO(original), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileNotDecryptedError
        if _declared(reader) > pages or len(reader.pages) > pages:
            raise too_many
    except FileNotDecryptedError as locked:
        raise Unreadable(
            "encrypted", "This PDF is locked with a password. Save it without one, and add it again."
        ) from locked
    except LimitReachedError as limit:
        if "entry limit" in str(limit):
            raise too_many from limit
        raise _broken(limit) from limit
    except ODD as odd:
        raise _broken(odd) from odd
    return reader


def _declared(reader: PdfReader) -> int:
    """Say how many pages it claims to have: quickly told, while to count ten thousand takes a second."""
    tree = reader.root_object.get("/Pages")
    tree = tree.get_object() if tree is not None else None
    claimed = tree.get("/Count") if isinstance(tree, DictionaryObject) else None
    return claimed if isinstance(claimed, int) else 0


def _broken(odd: Exception) -> Unreadable:
    return Unreadable("broken", "This PDF is damaged and cannot be read.", repr(odd)[:300])


def _blocks(reader: PdfReader, progress: Progress) -> Iterator[Block]:
    """Read all pages first: what stands at the edge of many of them is seen only then."""
    pages: list[list[str]] = []
    odd: Exception | None = None
    for number, page in enumerate(reader.pages, 1):
        try:
            text = page.extract_text()
        except ODD as trouble:  # one page less is better than no document
            text, odd = "", trouble
        pages.append([line for line in map(_bare, clean(text).split("\n")) if line])
        progress(number * 95 // len(reader.pages))
    if odd is not None and not any(pages):
        raise _broken(odd)
    headings = _headings(reader)
    outline = Outline()
    for number, lines in enumerate(without_edges(pages), 1):
        for block in _under_headings(outline, lines, headings.get(number, ())):
            yield Block(block.text, block.headings, number)
    for block in outline.close():
        yield Block(block.text, block.headings, len(pages))


def _bare(line: str) -> str:
    return " ".join(line.split())


def _under_headings(outline: Outline, lines: list[str], entries: Iterable[Entry]) -> Iterator[Block]:
    """Cut a page where headings of the outline stand on it; one that is not found there stands above it."""
    at = 0
    for level, title in entries:
        found = next((place for place in range(at, len(lines)) if same(lines[place], title)), None)
        if found is not None:
            for text in paragraphs(lines[at:found]):
                yield from outline.say(text)
            at = found + 1
            yield from outline.enter(level, title)
        else:
            outline.pass_by(level, title)
    for text in paragraphs(lines[at:]):
        yield from outline.say(text)


def _headings(reader: PdfReader) -> dict[int, list[Entry]]:
    """Give the entries of the outline by the page they lead to; none, where the outline is damaged."""
    headings: dict[int, list[Entry]] = {}
    try:
        left: list[tuple[int, object]] = [(0, reader.outline)]
        while left and len(headings) < MOST_ENTRIES:
            level, entry = left.pop()
            if isinstance(entry, list):
                left += [(level + 1, below) for below in reversed(entry)]
            elif isinstance(entry, Destination):
                page = reader.get_destination_page_number(entry)
                title = _bare(clean(str(entry.title or "")))
                if page is not None and title:
                    headings.setdefault(page + 1, []).append((level, title))
    except ODD:
        return {}
    return headings
