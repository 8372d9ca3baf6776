"""Server-sent events: bytes for our readers, and a decoder for what a provider sends."""

from typing import Any, NamedTuple

import msgspec

LONGEST_LINE = 1_000_000  # bytes; also the most that all data lines of one event may hold
_BOM = b"\xef\xbb\xbf"


def encode(event: str | None, data: str, id: str | None = None) -> bytes:
    """Make one event; `data` may have several lines. Without `id` a reader's place stays where it was."""
    if "\r" in data:  # SSE ends a line there too: what follows could pose as a field
        data = data.replace("\r\n", "\n").replace("\r", "\n")
    head = "" if event is None else f"event: {event}\n"
    if id is not None:
        head += f"id: {id}\n"
    return (head + "data: " + data.replace("\n", "\ndata: ") + "\n\n").encode()


def encode_json(event: str | None, obj: Any, id: str | None = None) -> bytes:
    """Make one event whose data is `obj` as one line of JSON."""
    body = msgspec.json.encode(obj)
    if not body.isascii():  # clients that cut lines as Unicode does would cut inside the string
        body = body.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
        body = body.replace(b"\xc2\x85", b"\\u0085")
    return encode(event, body.decode(), id)


PING = encode("ping", "{}")


class SseMessage(NamedTuple):
    """One event as it was dispatched; `id` is the last one seen, empty when there was none."""

    event: str
    data: str
    id: str


class LineTooLong(ValueError):
    """The other side sent more than LONGEST_LINE bytes without finishing a line or an event."""


class Decoder:
    """Turn the bytes of an event stream, cut anywhere, into its events (WHATWG HTML, section 9.2.6)."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest  # bytes of one line, and of all data lines of one event
        self._line: list[bytes] = []  # the pieces of a line whose end has not come
        self._line_size = 0
        self._data: list[bytes] = []  # the data lines of an event whose blank line has not come
        self._data_size = 0
        self._event = ""
        self._id = ""
        self._at_start = True
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[SseMessage]:
        """Take what one read brought and return the events it completed. Raise LineTooLong."""
        if (
            chunk.endswith(b"\n\n")
            and chunk.startswith(b"data: ")
            and len(chunk) <= LONGEST_LINE
            and chunk.count(b"\n") == 2
            and not (self._line or self._data or self._event or b"\r" in chunk)
        ):  # nearly every read of a provider's stream: one whole event of one line
            self._at_start = self._after_cr = False
            return [SseMessage("message", chunk[6:-2].decode("utf-8", "replace"), self._id)]
        return self._feed_lines(chunk)

    def close(self) -> list[SseMessage]:
        """Return the event whose closing blank line never came, if there is one."""
        return self._feed_lines(b"\n\n")

    def _feed_lines(self, chunk: bytes) -> list[SseMessage]:
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *ended, rest = chunk.split(b"\n")
        messages: list[SseMessage] = []
        for line in ended:
            if self._line:
                line = b"".join((*self._line, line))
                self._line.clear()
                self._line_size = 0
            self._take_line(line, messages)
        if rest:
            self._line.append(rest)
            self._line_size += len(rest)
            if self._line_size > self._longest:
                raise LineTooLong(f"more than {self._longest} bytes in one line")
        return messages

    def _take_line(self, line: bytes, messages: list[SseMessage]) -> None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if len(line) > self._longest:
            raise LineTooLong(f"more than {self._longest} bytes in one line")
        if not line:
            self._dispatch(messages)
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_size += len(value)
            if self._data_size > self._longest:
                raise LineTooLong(f"more than {self._longest} bytes in one event")
        elif field == b"event":
            self._event = value.decode("utf-8", "replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")

    def _dispatch(self, messages: list[SseMessage]) -> None:
        if self._data:
            data = b"\n".join(self._data).decode("utf-8", "replace")
            messages.append(SseMessage(self._event or "message", data, self._id))
        self._data.clear()
        self._data_size = 0
        self._event = ""
