"""Readers of the wire: raw sockets that note when each byte came, and SSE parsed from those bytes."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from tests.patience import PATIENCE_S


class LineClosed(Exception):
    """The body ended before what was waited for came."""


@dataclass
class Piece:
    """Bytes of the body and the moment they came (time.monotonic)."""

    at: float
    data: bytes


class RawResponse:
    """One HTTP answer over a socket of its own, read as it comes; `close` is an abrupt departure.

    Knows chunked and length-framed bodies and those that end with the connection.
    """

    def __init__(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        timeout: float = PATIENCE_S,
        receive_buffer: int | None = None,
    ) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self.socket = socket.socket()
        if receive_buffer is not None:  # before connecting: a small window makes a slow reader at once
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((parts.hostname, parts.port or 80))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body or method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        self.asked_at = time.monotonic()
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        self.pieces: list[Piece] = []
        self.ended_at: float | None = None
        self.complete = False  # the body was ended properly, not cut
        self._waiting = b""
        self._left: int | None = None  # bytes to come of this chunk, or of the whole body
        self._read_head()

    @property
    def data(self) -> bytes:
        """All of the body that came so far."""
        return b"".join(piece.data for piece in self.pieces)

    def _more(self) -> bool:
        received = self.socket.recv(65536)
        self._waiting += received
        return bool(received)

    def _line(self) -> bytes:
        while b"\r\n" not in self._waiting:
            if not self._more():
                raise LineClosed(f"closed in a line: {self._waiting[:200]!r}")
        line, _, self._waiting = self._waiting.partition(b"\r\n")
        return line

    def _read_head(self) -> None:
        self.status = int(self._line().split()[1])
        self.headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self._chunked = self.headers.get("transfer-encoding") == "chunked"
        if not self._chunked and "content-length" in self.headers:
            self._left = int(self.headers["content-length"])
        if self.status in (204, 304) or self._left == 0:
            self._end(complete=True)

    def _end(self, *, complete: bool) -> bytes:
        self.complete, self.ended_at = complete, time.monotonic()
        self.socket.close()
        return b""

    def read(self) -> bytes:
        """Wait for the next bytes of the body; b"" at its end. Raises TimeoutError."""
        if self.ended_at is not None:
            return b""
        try:
            data = self._next_of_chunk() if self._chunked else self._next_plain()
        except (LineClosed, ConnectionError):
            return self._end(complete=False)
        if data:
            self.pieces.append(Piece(time.monotonic(), data))
        return data

    def _next_plain(self) -> bytes:
        if not self._waiting and not self._more():
            return self._end(complete=self._left is None)
        data, self._waiting = self._waiting, b""
        if self._left is not None:
            self._left -= len(data)
            if self._left <= 0:
                self._end(complete=True)
        return data

    def _next_of_chunk(self) -> bytes:
        if self._left is None:
            self._left = int(self._line(), 16)
            if self._left == 0:
                self._line()
                return self._end(complete=True)
        if not self._waiting and not self._more():
            raise LineClosed("closed in a chunk")
        data, self._waiting = self._waiting[: self._left], self._waiting[self._left :]
        self._left -= len(data)
        if self._left == 0:
            self._line()
            self._left = None
        return data

    def read_all(self) -> bytes:
        """Read to the end of the body; returns all of it."""
        while self.read():
            pass
        return self.data

    def read_at_least(self, size: int) -> bytes:
        """Read until so many bytes of the body are there (or it ends); returns all of it so far."""
        while len(self.data) < size and self.read():
            pass
        return self.data

    def close(self) -> None:
        """Leave without a word, as a closed laptop does."""
        if self.ended_at is None:
            self._end(complete=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


@dataclass
class Event:
    """One SSE event; `data` is parsed JSON."""

    name: str
    data: Any
    id: str | None
    at: float


@dataclass
class SseReader:
    """The events of one answer, in order; `events` keeps all that were read."""

    response: RawResponse
    events: list[Event] = field(default_factory=list)
    last_id: str | None = None
    _text: bytes = b""

    def __iter__(self) -> Iterator[Event]:
        while (event := self.next()) is not None:
            yield event

    def next(self) -> Event | None:
        """Wait for the next event; None when the body has ended. Raises TimeoutError."""
        while (block := self._block()) is not None:
            if block.startswith(b":"):
                continue  # a comment: the first byte of every line
            event = self._parse(block)
            self.events.append(event)
            return event
        return None

    def _block(self) -> bytes | None:
        while b"\n\n" not in self._text:
            data = self.response.read()
            if not data:
                return None
            self._text += data
        block, _, self._text = self._text.partition(b"\n\n")
        return block

    def _parse(self, block: bytes) -> Event:
        name, ident, lines = "message", None, []
        for line in block.decode().split("\n"):
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "id":
                ident = self.last_id = value
            elif key == "data":
                lines.append(value)
        return Event(name, json.loads("\n".join(lines)) if lines else None, ident, time.monotonic())

    def until(self, *names: str) -> Event:
        """Wait for an event of one of these names. Raises LineClosed when the body ends before it."""
        for event in self:
            if event.name in names:
                return event
        raise LineClosed(f"no {' or '.join(names)} came, only {[event.name for event in self.events]}")

    def close(self) -> None:
        self.response.close()


class Copy:
    """A reader's copy of one stream, kept as WIRE §3 says: append at its length, cut at a rewind.

    Asserts what a reader may rely on: no gap, no double.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.epoch = 0
        self.end: dict[str, Any] | None = None
        self.rewinds = 0

    def take(self, event: Event) -> None:
        """Apply one frame of the stream; frames of other kinds are ignored."""
        if event.name in ("delta", "chunk"):
            assert event.data["offset"] == len(self.data), f"at {len(self.data)}, got {event.data}"
            assert event.data["text"], "an empty frame"
            self.data += event.data["text"].encode()
            self.epoch = event.data["epoch"]
        elif event.name == "rewind":
            assert event.data["offset"] <= len(self.data)
            self.data = self.data[: event.data["offset"]]
            self.epoch = event.data["epoch"]
            self.rewinds += 1
        elif event.name == "end":
            assert event.data["offset"] == len(self.data), (event.data, len(self.data))
            self.end = event.data

    def follow(self, events: SseReader) -> "Copy":
        """Take every frame until the end record or the end of the body."""
        for event in events:
            self.take(event)
            if self.end is not None:
                break
        return self

    @property
    def text(self) -> str:
        return self.data.decode()
