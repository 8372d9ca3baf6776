"""HTTP/1.1 for the SDK at a quarter of the price: one socket, one read, one piece of body."""

import contextlib
import http.client
import io
import math
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import certifi
import httpx2

from chat.generation.providers.framing import BadFraming, Chunked, Counted, Framing, UntilClose

READ_SIZE = 16384  # bytes; a TLS record holds no more
LONGEST_HEAD = 65536  # bytes
MOST_KEPT = 4  # idle connections; a new one costs a greeting, two with TLS
LONGEST_REFUSAL = 65536  # bytes; the SDK reads the body of an error whole
MOST_OF_A_REST = 65536  # bytes of a body that is let go of; a new line costs less than to read more
KEPT_FOR_S = 20.0  # an idle connection's life; many servers hang up after 5 s, which is looked for

Origin = tuple[str, str, int]
Headers = list[tuple[bytes, bytes]]


@dataclass
class Connection:
    """A line to a server, and where the body on it stands."""

    origin: Origin
    sock: socket.socket
    framing: Framing
    used_at: float = 0.0

    def get_extra_info(self, info: str) -> Any:
        """Answer as httpx's network streams do: who wants to cut the line asks for the `socket`."""
        return self.sock if info == "socket" else None


class LeanTransport(httpx2.BaseTransport):
    """Send requests over plain sockets, cooperative where gevent patched them.

    The SDK above keeps addresses, key, headers and errors. What one read of the socket brought comes out of
    the response as one piece. No proxies, no HTTP/2, no redirects. Timeouts: `connect` is honoured, `read`
    is not: who reads has a watchdog, which cuts the socket (extension `network_stream`).
    """

    def __init__(self, now: Callable[[], float], tls: ssl.SSLContext | None = None) -> None:
        self._now = now
        self._tls = tls
        self._kept: list[Connection] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        message = _request_bytes(request)
        origin = _origin(request.url)
        kept = self._take_kept(origin)
        if kept:
            try:
                return self._exchange(kept, message)
            except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
                pass  # it hung up before it said a word, as one may between two requests: call again
        timeout = request.extensions.get("timeout", {}).get("connect")
        return self._exchange(self._connect(origin, timeout), message)

    def close(self) -> None:
        while self._kept:
            self._kept.pop().sock.close()

    def keep(self, connection: Connection) -> None:
        """Keep a connection for the next request; the last bytes of its body may still be on their way."""
        connection.used_at = self._now()
        self._kept.append(connection)
        while len(self._kept) > MOST_KEPT:
            self._kept.pop(0).sock.close()

    def _take_kept(self, origin: Origin) -> Connection | None:
        while kept := next((one for one in reversed(self._kept) if one.origin == origin), None):
            self._kept.remove(kept)
            if self._now() - kept.used_at < KEPT_FOR_S and _is_held(kept) and kept.framing.ended:
                return kept
            kept.sock.close()
        return None

    def _connect(self, origin: Origin, timeout: float | None) -> Connection:
        scheme, host, port = origin
        try:
            sock = socket.create_connection((host, port), timeout)
        except TimeoutError as late:
            raise httpx2.ConnectTimeout(str(late)) from late
        except (OSError, UnicodeError) as refused:  # UnicodeError: a host name that IDNA cannot carry
            raise httpx2.ConnectError(str(refused)) from refused
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if scheme == "https":
                sock = self._context().wrap_socket(sock, server_hostname=host)
            sock.settimeout(None)
        except TimeoutError as late:
            sock.close()
            raise httpx2.ConnectTimeout(str(late)) from late
        except OSError as refused:
            sock.close()
            raise httpx2.ConnectError(str(refused)) from refused
        except BaseException:  # somebody gave up on us: leave no socket behind
            sock.close()
            raise
        return Connection(origin, sock, UntilClose())

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.load_verify_locations(certifi.where())  # not every system brings roots of its own
        return self._tls

    def _exchange(self, connection: Connection, message: bytes) -> httpx2.Response:
        try:
            connection.sock.sendall(message)
            status, headers, rest = _read_head(connection.sock)
            connection.framing = _framing(status, headers)
        except OSError as broken:
            connection.sock.close()
            raise httpx2.ReadError(str(broken)) from broken
        except BadFraming as wrong:
            connection.sock.close()
            raise httpx2.RemoteProtocolError(str(wrong)) from wrong
        except BaseException:  # somebody gave up on us: leave no socket behind
            connection.sock.close()
            raise
        body = Body(connection, rest, self.keep, at_most=math.inf if status == 200 else LONGEST_REFUSAL)
        return httpx2.Response(
            status, headers=headers, stream=body, extensions={"network_stream": connection}
        )


class Body(httpx2.SyncByteStream):
    """The body as it comes: iterate it once. `close` gives a line back that may carry another request."""

    def __init__(
        self, connection: Connection, rest: bytes, keep: Callable[[Connection], None], at_most: float
    ) -> None:
        self._left = at_most
        self._connection = connection
        self._rest = rest
        self._keep = keep
        self._usable = not isinstance(connection.framing, UntilClose)
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces()
        except OSError as broken:
            self._usable = False
            raise httpx2.ReadError(str(broken)) from broken
        except BadFraming as wrong:
            self._usable = False
            raise httpx2.RemoteProtocolError(str(wrong)) from wrong

    def _pieces(self) -> Iterator[bytes]:
        framing, receive = self._connection.framing, self._connection.sock.recv
        data = self._rest
        while True:
            if piece := framing.feed(data):
                yield piece
                self._left -= len(piece)
            if framing.ended:
                return
            if self._left < 0:
                self._usable = False
                return
            if not (data := receive(READ_SIZE)):
                self._usable = False
                if isinstance(framing, UntilClose):
                    return
                raise BadFraming("the connection closed before the body was complete")

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._usable and _is_held(self._connection):
            self._keep(self._connection)
        else:
            self._connection.sock.close()


def cut(sock: socket.socket) -> None:
    """Break the line now: a read that waits in any greenlet ends at once. Harmless when it is broken."""
    with contextlib.suppress(OSError):  # not connected any more, which is what we want
        # not sock.shutdown: that of a TLS socket drops its state under the feet of who reads
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _is_held(connection: Connection) -> bool:
    """Say whether the server still holds the line, and said nothing on it beyond the body's end.

    A body that does not end soon is not heard out: a server without end would keep us here.
    """
    sock, framing, left = connection.sock, connection.framing, MOST_OF_A_REST
    try:
        sock.settimeout(0.0)  # readable, yet half a TLS record: rather a new line than a wait
        while _is_readable(sock):
            if framing.ended or left < 0 or not (data := sock.recv(READ_SIZE)):
                return False
            framing.feed(data)
            left -= len(data)
        sock.settimeout(None)
        return True
    except (OSError, BadFraming):
        return False


def _is_readable(sock: socket.socket) -> bool:
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))


def _origin(url: httpx2.URL) -> Origin:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _request_bytes(request: httpx2.Request) -> bytes:
    lines = [request.method.encode() + b" " + request.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers.raw]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise httpx2.LocalProtocolError("a header with a line break")
    return b"\r\n".join([*lines, b"", request.read()])


def _read_head(sock: socket.socket) -> tuple[int, Headers, bytes]:
    """Read status and headers; also return what came of the body."""
    head = b""
    while True:
        while (end := head.find(b"\r\n\r\n")) < 0:
            if len(head) > LONGEST_HEAD:
                raise BadFraming("headers without end")
            if not (data := sock.recv(READ_SIZE)):
                raise BadFraming("the connection closed before the headers were complete")
            head += data
        status, headers = _parse_head(head[: end + 4])
        head = head[end + 4 :]
        if status >= 200:  # below: a word in between, the answer follows
            return status, headers, head


def _parse_head(head: bytes) -> tuple[int, Headers]:
    first, _, fields = head.partition(b"\r\n")
    version, _, rest = first.partition(b" ")
    digits = rest[:3]
    if not version.startswith(b"HTTP/1.") or len(digits) != 3 or not digits.isdigit():
        raise BadFraming("the first line is not HTTP/1.1")
    try:
        parsed = http.client.parse_headers(io.BytesIO(fields))
    except http.client.HTTPException as wrong:
        raise BadFraming(str(wrong)) from wrong
    return int(digits), [(_latin(name), _latin(str(value))) for name, value in parsed.items()]


def _latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _framing(status: int, headers: Headers) -> Framing:
    """Say how the body ends (RFC 9112, section 6.3)."""
    named = {name.lower(): value for name, value in headers}
    if status in (204, 304):
        return Counted(0)
    if b"chunked" in named.get(b"transfer-encoding", b"").lower():
        return Chunked()
    length = named.get(b"content-length", b"").strip()
    return Counted(int(length)) if length.isdigit() else UntilClose()
