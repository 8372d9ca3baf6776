"""Whatever the bytes are, reading them ends: in clean text, or in words that say why not."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.core.documents import Block
from chat.extraction import docx, html, markdown, pdf, text
from chat.extraction.limits import Limits
from chat.extraction.unreadable import Unreadable
from tests.core.texts import any_text
from tests.extraction import files
from tests.extraction.files import paragraph

Read = Callable[[bytes], Iterator[Block]]

MARKS = st.lists(
    st.sampled_from(
        [
            *(
                "# ",
                "## ",
                "```\n",
                "---\n",
                "===\n",
                "- ",
                "1. ",
                "> ",
                "| a | b |\n",
                "**",
                "_",
                "`",
                "[a](b)",
            ),
            *(
                "<!--",
                "<p>",
                "</p>",
                "<h1>",
                "</h1>",
                "<ul><li>",
                "</ul>",
                "<pre>",
                "<table><td>",
                "<script>",
            ),
            *(
                "<script>",
                "<nav>",
                "</nav>",
                "<a href='>",
                "&amp;",
                "&#xD800;",
                "&#0;",
                "\n",
                "\n\n",
                "CHAPTER I.\n\n",
            ),
            *("\x0c", "\x1b[0m", "\0"),
        ]
    )
    | any_text,
    max_size=40,
).map("".join)
UNCLEAN = re.compile("[\0-\x08\x0b-\x1f\x7f\ud800-\udfff\ufeff\U000e0000-\U000e007f]")
WORD = files.docx(
    paragraph("Wells", "berschrift1") + paragraph("Deep.") + "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
)
PDF = files.pdf([["Wells", "Deep."], ["Cold."]], [(1, "Wells"), (2, "Cold")])


def read_pdf(original: bytes) -> Iterator[Block]:
    return pdf.read(original, Limits(pages=50), lambda percent: None)[1]


@pytest.mark.parametrize("read", [text.read, markdown.read, html.read])
@given(MARKS)
def test_any_text_becomes_clean_text(read: Read, said: str) -> None:
    for block in _blocks(read, said.encode("utf-8", "replace")):
        assert block.text.strip()
        assert not UNCLEAN.search("".join(block.headings))
        json.dumps([block.text, block.headings], ensure_ascii=False).encode()


@pytest.mark.parametrize("read", [text.read, markdown.read, html.read, docx.read, read_pdf])
@given(st.binary(max_size=400))
def test_any_bytes_end_in_text_or_in_words(read: Read, original: bytes) -> None:
    _blocks(read, original)


@pytest.mark.parametrize(("read", "whole"), [(docx.read, WORD), (read_pdf, PDF)])
@settings(max_examples=300, deadline=None)
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), max_size=6))
def test_a_document_that_was_tampered_with_ends_in_text_or_in_words(
    read: Read, whole: bytes, changes: list[tuple[float, bytes]]
) -> None:
    spoilt = bytearray(whole)
    for place, instead in changes:
        at = int(place * len(spoilt))
        spoilt[at : at + max(1, len(instead))] = instead
    _blocks(read, bytes(spoilt))


def _blocks(read: Read, original: bytes) -> list[Block]:
    """Read it; what says that it cannot be read, and nothing else, ends that."""
    with suppress(Unreadable):
        blocks = list(read(original))
        assert not [block for block in blocks if UNCLEAN.search(block.text)]
        return blocks
    return []
