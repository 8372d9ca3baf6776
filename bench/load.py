"""Many readers in one thread: plain sockets and a selector, so that the load itself costs little."""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

DEADLINE_S = 120.0  # no run may last longer, whatever the server does


@dataclass(frozen=True)
class Ask:
    """One request to make and then to read to its end."""

    port: int
    path: str
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def encode(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body or self.method != "GET":
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Line:
    """One connection: what came over it and when (time.time, to compare with stamps made elsewhere)."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.socket = socket.create_connection(("127.0.0.1", ask.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.arrivals: list[tuple[float, bytes]] = []
        self.open = True
        self.asked_at = time.time()
        self.socket.sendall(ask.encode())
        self.socket.setblocking(False)

    def take(self) -> None:
        """Note what is there now."""
        data = self.socket.recv(262144)
        if data:
            self.arrivals.append((time.time(), data))
        else:
            self.close()

    def close(self) -> None:
        self.open = False
        self.socket.close()

    @property
    def wire_bytes(self) -> int:
        """Bytes that came, headers and framing too."""
        return sum(len(data) for _, data in self.arrivals)

    def body(self) -> list[tuple[float, bytes]]:
        """The body's bytes, out of their chunks, each with the moment it was whole."""
        found: list[tuple[float, bytes]] = []
        head, waiting, chunked = True, b"", False
        for at, data in self.arrivals:
            waiting += data
            if head:
                if b"\r\n\r\n" not in waiting:
                    continue
                top, _, waiting = waiting.partition(b"\r\n\r\n")
                assert b" 200 " in top.partition(b"\r\n")[0] + b" ", top[:300]
                head, chunked = False, b"transfer-encoding: chunked" in top.lower()
            if not chunked:
                found, waiting = ([*found, (at, waiting)] if waiting else found), b""
                continue
            while (piece := _whole_chunk(waiting)) is not None:
                text, waiting = piece
                if text:
                    found.append((at, text))
        return found


def _whole_chunk(waiting: bytes) -> tuple[bytes, bytes] | None:
    """Split off the first HTTP chunk; None while it is not whole."""
    size, newline, rest = waiting.partition(b"\r\n")
    if not newline:
        return None
    length = int(size, 16)
    return (rest[:length], rest[length + 2 :]) if len(rest) >= length + 2 else None


class Crowd:
    """Reads many lines at once, until all have ended or for a while."""

    def __init__(self, asks: Sequence[Ask] = ()) -> None:
        self._selector = selectors.DefaultSelector()
        self.lines: list[Line] = []
        for ask in asks:
            self.add(ask)

    def add(self, ask: Ask) -> Line:
        """Make a request; its answer is read with the others."""
        line = Line(ask)
        self.lines.append(line)
        self._selector.register(line.socket, selectors.EVENT_READ, line)
        return line

    def read(self, seconds: float = DEADLINE_S, *, until_ended: Sequence[Line] | None = None) -> None:
        """Read until these lines (all, unless named) have ended, at most so many seconds."""
        until = time.monotonic() + seconds
        awaited = self.lines if until_ended is None else until_ended
        while (left := until - time.monotonic()) > 0 and any(line.open for line in awaited):
            for key, _ in self._selector.select(min(left, 0.5)):
                line: Line = key.data
                line.take()
                if not line.open:
                    self._selector.unregister(key.fileobj)

    def close(self) -> None:
        for line in self.lines:
            if line.open:
                self._selector.unregister(line.socket)
                line.close()
        self._selector.close()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
