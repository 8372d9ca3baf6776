"""What kind of document a file is: its name and its first bytes have to say the same."""

import codecs
import re

HEAD = 8192  # bytes of a file that are enough to tell
MEDIA_TYPES = {
    "text": "text/plain; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
CAN_BE = "Text, Markdown, HTML, PDF and Word (.docx) can be added."

_BY_ENDING = {
    "md": "markdown",
    "markdown": "markdown",
    "mdown": "markdown",
    "mkd": "markdown",
    "htm": "html",
    "html": "html",
    "xhtml": "html",
    "pdf": "pdf",
    "docx": "docx",
}
_BEGINS = {"pdf": b"%PDF-", "docx": b"PK\x03\x04"}
_SPOKEN = {"pdf": "a PDF", "docx": "a Word document", "html": "HTML", "markdown": "Markdown", "text": "text"}
# What looks like text, or might, and is none for a reader.
_OTHER_ENDINGS = """
    avif bmp class dll doc docm eps epub exe gif gz heic ico jar jpeg jpg key mdb mobi mov mp3 mp4 numbers odp
    ods odt ogg otf pages png pot ppt pptm pptx ps rar rtf so sqlite tar tgz tif tiff ttf wasm wav webm webp
    woff woff2 xls xlsb xlsm xlsx xz zip zst 7z
"""
_OTHER_KINDS = frozenset(_OTHER_ENDINGS.split())
_OTHER_BEGINNINGS = (b"%!PS", b"{\\rtf")
_MARKS_OF_TEXT = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # without ESC, which stands in logs in colour


class WrongKind(Exception):
    """This cannot be added; the message says why, to whoever tried."""


def kind_of(name: str, head: bytes) -> str:
    """Tell which of MEDIA_TYPES a file is, by its name and at least its first HEAD bytes. Raises WrongKind.

    What begins like one kind and is named like another is refused: nobody can say what it is for.
    A name with an ending that nobody knows, or with none, is text if it is made of text.
    """
    ending = _ending(name)
    if ending in _OTHER_KINDS:
        raise WrongKind(f"Files of the kind .{ending} cannot be read. {CAN_BE}")
    kind = _BY_ENDING.get(ending, "text")
    begins = next((other for other, magic in _BEGINS.items() if head.startswith(magic)), None)
    if kind in _BEGINS:
        if begins != kind:
            raise WrongKind(f"The name says that this is {_SPOKEN[kind]}, but the file is not one.")
        return kind
    if begins == "pdf":
        raise WrongKind(f"The name says that this is {_SPOKEN[kind]}, but the file is a PDF.")
    if not _is_text(head):
        raise WrongKind(f"This file holds no text that can be read. {CAN_BE}")
    return kind


def _ending(name: str) -> str:
    _, dot, ending = name.strip().rpartition(".")
    return ending.lower() if dot and len(ending) <= 12 else ""


def _is_text(head: bytes) -> bool:
    if head.startswith(_MARKS_OF_TEXT):
        return True
    return not head.startswith(_OTHER_BEGINNINGS) and not _CONTROL.search(head[:HEAD])
