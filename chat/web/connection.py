"""The client's end of a long response: notices that it has gone, and lets it stall only so long."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gevent
import gevent.socket

from chat.live.bell import Ear

READABLE = 1  # libev's READ
IDLE_S = 75.0  # for which gunicorn keeps a connection: it is the one to end it, without a word
KERNEL_BUFFER = 128 * 1024  # bytes that may wait in the kernel for one slow reader


class Connection:
    """Whether the client is still there."""

    __slots__ = ("gone",)

    def __init__(self) -> None:
        self.gone = False


@contextmanager
def watched(environ: Mapping[str, Any], ear: Ear, stalled_s: float) -> Iterator[Connection]:
    """Ring `ear` when the client closes its end; a send that takes longer than `stalled_s` fails (0: never).

    Without a plain socket (a test client, TLS in this process) the next failed write tells instead.
    """
    connection = Connection()
    sock: Any = environ.get("gunicorn.socket")
    if type(sock) is not gevent.socket.socket:  # TLS has a class of its own
        yield connection
        return
    raw: Any = sock._sock
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    sock.settimeout(stalled_s or None)
    watcher = gevent.get_hub().loop.io(raw.fileno(), READABLE)

    def peek() -> None:  # in the hub: must not wait
        try:
            more = raw.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            more = b""
        watcher.stop()  # at its end, or with another request waiting: either way this has been told once
        if not more:
            connection.gone = True
            ear.ring("gone")

    watcher.start(peek)
    try:
        yield connection
    finally:
        watcher.stop()
        watcher.close()
        sock.settimeout(
            stalled_s + IDLE_S if stalled_s else None
        )  # the last chunk, and then perhaps no next request
