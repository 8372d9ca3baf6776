"""A cable between a browser and the server that a test can pull: `set_offline` leaves open streams alone."""

import socket
from dataclasses import dataclass, field
from typing import Self

import gevent
from gevent.server import StreamServer


@dataclass
class Cable:
    """Hands bytes through to `port` until it is pulled; pulled, it drops every line and takes no new one."""

    port: int
    lines: set[socket.socket] = field(default_factory=set)
    pulled: bool = False

    def __enter__(self) -> Self:
        self._server = StreamServer(("127.0.0.1", 0), self._connect)
        self._server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.stop(timeout=0)
        self.pull()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def pull(self) -> None:
        self.pulled = True
        for line in list(self.lines):
            _end(line)

    def plug_in(self) -> None:
        self.pulled = False

    def _connect(self, client: socket.socket, address: object) -> None:
        if self.pulled:
            _end(client)
            return
        self.lines.add(client)  # before it has a server: pulled meanwhile, it must not live on
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as server:
                self.lines.add(server)
                gevent.joinall([gevent.spawn(_pump, client, server), gevent.spawn(_pump, server, client)])
                self.lines.remove(server)
        finally:
            self.lines.remove(client)
            client.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes one way until either end is gone, then let the other one know."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass  # pulled, or one side left: told below
    _end(source)
    _end(sink)


def _end(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already
