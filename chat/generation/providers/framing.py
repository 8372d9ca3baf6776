"""How a body lies on an HTTP/1.1 line: where it ends, and what it was packed in. No socket here."""

import re
import zlib
from collections.abc import Iterator
from typing import Protocol

LONGEST_SIZE_LINE = 1024  # bytes; a chunk's size and its extensions
UNPACKED_AT_ONCE = 65536  # bytes; a few packed bytes may hold megabytes
_is_size = re.compile(rb"[0-9A-Fa-f]{1,15}").fullmatch  # int() would take "0x5", "+5" and "1_0", too


class BadFraming(ValueError):
    """The server's bytes are not HTTP/1.1."""


class Framing(Protocol):
    """Take bytes as they come off the line, give those of the body back; know where it ends."""

    ended: bool

    def feed(self, data: bytes) -> bytes: ...


class Chunked:
    """`Transfer-Encoding: chunked` (RFC 9112, section 7.1); what several chunks brought comes back as one."""

    def __init__(self) -> None:
        self.ended = False
        self._left = 0  # bytes of the present chunk that have not come
        self._line = b""  # the beginning of a size line or trailer
        self._in_trailer = False

    def feed(self, data: bytes) -> bytes:
        if not (self._left or self._line or self._in_trailer) and (whole := _one_chunk(data)):
            return whole
        if self._line:
            data, self._line = self._line + data, b""
        parts: list[bytes] = []
        at, size = 0, len(data)
        while at < size and not self.ended:
            if self._left:
                part = data[at : at + self._left]
                parts.append(part)
                self._left -= len(part)
                at += len(part)
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._line = data[at:]
                if len(self._line) > LONGEST_SIZE_LINE:
                    raise BadFraming("a chunk's size line without end")
                break
            self._take_line(data[at:end].strip())
            at = end + 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take_line(self, line: bytes) -> None:
        if self._in_trailer:
            self.ended = not line
        elif line:  # an empty one closes the chunk before
            digits = line.partition(b";")[0].strip()
            if not _is_size(digits):
                raise BadFraming("a chunk's size is not a number")
            self._left = int(digits, 16)
            self._in_trailer = self._left == 0


def _one_chunk(data: bytes) -> bytes | None:
    """Return the chunk's content where the read brought exactly one, as nearly every read does."""
    head = data.find(b"\r\n", 0, 8)
    if (
        head > 0
        and _is_size(digits := data[:head])
        and len(data) == head + 4 + int(digits, 16)
        and data.endswith(b"\r\n")
    ):
        return data[head + 2 : -2]
    return None


class Counted:
    """`Content-Length`: so many bytes."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = length == 0

    def feed(self, data: bytes) -> bytes:
        data = data[: self._left]
        self._left -= len(data)
        self.ended = self._left == 0
        return data


class UntilClose:
    """Neither: the body ends with the connection, and whether it is whole the line cannot say."""

    ended = False

    def feed(self, data: bytes) -> bytes:
        return data


class Unpacker:
    """Undo `Content-Encoding`, UNPACKED_AT_ONCE at most at a time. Raise BadFraming for a foreign one."""

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise BadFraming(f"an encoding that was not asked for: {name}")
        self.packed = name not in ("", "identity")
        # 47: zlib finds out by itself whether the header is gzip's or its own
        self._zip = zlib.decompressobj(wbits=47) if self.packed else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._zip is None:
            yield data
            return
        try:
            while data:
                yield self._zip.decompress(data, UNPACKED_AT_ONCE)
                data = self._zip.unconsumed_tail
        except zlib.error:
            raise BadFraming("the packed body is damaged") from None
