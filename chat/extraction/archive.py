"""The ZIP that a Word document is: its parts, unpacked bit by bit and counted, whatever it says of itself."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat

from chat.extraction.unreadable import Unreadable

UNPACKED = 128 << 20  # bytes of the parts that are read, all together
RATIO = 100  # of what all parts say that they are to the file: pictures are packed already
MOST_PARTS = 5000
PIECE = 64 << 10  # bytes
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what Word knows

ODD = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
    OSError,
)


class Archive:
    """A packed document. Whatever is wrong with it is Unreadable; no more than UNPACKED is ever unpacked."""

    def __init__(self, original: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(original))
        except ODD as odd:
            raise broken(odd) from odd
        parts = self._zip.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > max(
            UNPACKED, RATIO * len(original)
        ):
            raise _too_large()
        names = {part.filename for part in parts}
        if not parts or len(names) < len(parts) or min(part.header_offset for part in parts):
            raise broken("two parts of one name, or something before the first")
        self._left = UNPACKED

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def pieces(self, name: str) -> Iterator[bytes]:
        """Unpack a part. Raises Unreadable."""
        try:
            part = self._zip.getinfo(name)
            if part.compress_type not in PACKINGS or part.flag_bits & 1:
                raise broken(f"{name} is packed in another way")
            with self._zip.open(part) as unpacked:
                while piece := unpacked.read(PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise _too_large()
                    yield piece
        except KeyError as missing:
            raise broken(missing) from missing
        except ODD as odd:
            raise broken(odd) from odd

    def walk(self, name: str, start: "Callable[[str, dict[str, str]], Any] | None" = None) -> None:
        """Read a part of XML whole, and tell of each element that begins. Raises Unreadable."""
        parser = parser_of_xml()
        if start is not None:
            parser.StartElementHandler = start
        for _ in fed(parser, self.pieces(name)):
            pass


def parser_of_xml() -> expat.XMLParserType:
    """Make a parser that names elements as `namespace name`, and takes no document that declares words.

    Word never does; who does wants a small file to become a large one, or another file to be read.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def fed(parser: expat.XMLParserType, pieces: Iterator[bytes]) -> Iterator[None]:
    """Parse piece by piece, and stop after each. Raises Unreadable."""
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as odd:
        raise broken(odd) from odd


def broken(cause: object) -> Unreadable:
    """Say that a document is damaged."""
    return Unreadable("broken", "This Word document is damaged and cannot be read.", str(cause)[:300])


def _refuse(*_declared: object) -> None:
    raise broken("it declares a document type")


def _too_large() -> Unreadable:
    return Unreadable("too_large", "This Word document is far larger than it seems, once it is unpacked.")
