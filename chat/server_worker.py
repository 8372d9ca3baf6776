"""The process that answers: gunicorn's gevent worker, which leaves without cutting off who has just come."""

import _socket
from dataclasses import dataclass
from time import monotonic
from typing import Any
from weakref import WeakSet

from gevent.server import StreamServer
from gevent.socket import socket as GeventSocket
from gunicorn.workers import ggevent  # type: ignore[import-untyped]

LISTENERS: "WeakSet[Listener]" = WeakSet()


class Listener(StreamServer):  # type: ignore[misc]  # an untyped one
    """Listens for the worker. Who came before it closes is answered: the system itself would cut them off."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        LISTENERS.add(self)

    def close(self) -> None:
        """Take what has come already, then listen no more. Doing it twice is harmless."""
        if not self.closed:
            self.stop_accepting()
            for connection, address in _take_and_close(self.socket.detach()):
                self.do_handle(GeventSocket(fileno=connection), address)
        super().close()


def _take_and_close(listener: int) -> list[tuple[int, Any]]:
    """Accept what waits and close the listener in the same breath: the system resets who comes in between.

    With the plainest of sockets and nothing else to do: as gevent's it took up to 14 ms on a busy machine.
    """
    plain = _socket.socket(fileno=listener)
    plain.setblocking(False)
    taken = []
    try:
        while True:
            taken.append(plain._accept())  # type: ignore[attr-defined]  # what socket.accept() stands on
    except BlockingIOError:
        pass  # nobody waits any more
    finally:
        plain.close()
    return taken


@dataclass(frozen=True)
class Name:
    """What a listener is called; it stays when the listener is closed, for those who came just before."""

    address: Any

    def getsockname(self) -> Any:
        return self.address


class ServerWorker(ggevent.GeventWorker):  # type: ignore[misc]  # an untyped one
    """Gunicorn's own, with our listeners."""

    def run(self) -> None:
        self._names = {id(listener): Name(listener.getsockname()) for listener in self.sockets}
        ggevent.StreamServer = Listener
        super().run()
        self._stay_until_left()

    def _stay_until_left(self) -> None:
        """Let answers end that no request is open for, and tell the master meanwhile that we live.

        Here: before gunicorn calls its hook for the exit, it closes what the master is told by.
        """
        self.is_closing = True
        while self.leaving is not None and not self.leaving.ready():
            self.notify()
            self.leaving.join(1)

    def handle(self, listener: Any, client: Any, address: Any) -> None:
        """Serve a connection; gunicorn asks its listener for no more than its name."""
        super().handle(self._names[id(listener)], client, address)

    def stop_listening(self) -> None:
        """Let whoever comes from now on be refused at once, so that a proxy takes the next server."""
        for listener in list(LISTENERS):
            listener.close()

    def wait_for_answers(self, seconds: float) -> None:
        """Wait until all requests are answered; connections that are only kept open end then."""
        until = monotonic() + seconds
        for listener in list(LISTENERS):
            listener.pool.join(max(0.0, until - monotonic()))
