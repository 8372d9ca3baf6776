"""A small TCP proxy before several servers: one per connection, and another when that one refuses."""

import socket
from itertools import count
from typing import Self

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer

PIECE = 65536  # bytes


class Proxy:
    """Listens on loopback. `upstreams` are ports there; change them at any time, open lines stay."""

    def __init__(self, *upstreams: int) -> None:
        self.upstreams = list(upstreams)
        self.refused = 0  # connections for which nobody was there
        self.passed_over = 0  # upstreams that refused, when another one took the connection
        self._turns = count()
        self._lines = Pool()
        self._server = StreamServer(("127.0.0.1", 0), self._serve, spawn=self._lines, backlog=1024)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(timeout=0)
        self._lines.kill()

    def _serve(self, client: socket.socket, address: object) -> None:
        upstream = self._connect()
        if upstream is None:
            self.refused += 1
            return
        for end in (client, upstream):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            ways = [gevent.spawn(_carry, client, upstream), gevent.spawn(_carry, upstream, client)]
            gevent.joinall(ways, count=1)  # who hangs up hangs up for both
            ways[1].join(timeout=0)
        finally:
            gevent.killall(ways)
            upstream.close()

    def _connect(self) -> socket.socket | None:
        turn, ports = next(self._turns), list(self.upstreams)
        for number in range(len(ports)):
            try:
                return socket.create_connection(
                    ("127.0.0.1", ports[(turn + number) % len(ports)]), timeout=10
                )
            except (ConnectionRefusedError, ConnectionResetError):  # nothing was sent: the next may have it
                self.passed_over += 1
        return None


def _carry(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes until one side hangs up."""
    source.settimeout(None)
    try:
        while data := source.recv(PIECE):
            sink.sendall(data)
    except OSError:
        return
