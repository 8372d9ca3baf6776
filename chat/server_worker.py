"""The process that answers: gunicorn's gevent worker, which leaves without cutting off who has just come."""

import _socket
import socket
from dataclasses import dataclass
from time import monotonic
from typing import Any
from weakref import WeakSet

import gevent
from gevent.server import StreamServer
from gevent.socket import socket as GeventSocket
from gunicorn.workers import ggevent  # type: ignore[import-untyped]

LISTENERS: "WeakSet[Listener]" = WeakSet()
SHORT_BYTES = 64 << 10  # of a body that nobody wanted: as much is read for the sake of the next request
HEAR_OUT_S = 10.0  # for which one who sends more is listened to, and
SILENCE_S = 2.0  # for which one who pauses is
DISCARDED = bytearray(1 << 20)  # what is read into and never looked at
LET_OTHERS_S = 0.001  # between two looks: a client may send faster than we read, and 0 looks at no socket


class Listener(StreamServer):  # type: ignore[misc]  # an untyped one
    """Listens for the worker. Who came before it closes is answered: the system itself would cut them off."""

    max_accept = 1  # at a time: of many who come at once each begins between what others are told, not before

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

    def handle_request(self, listener: Any, request: Any, client: Any, address: Any) -> None:
        """Answer a request. Whoever sends a large body that nobody wants finds the answer, and the end.

        Gunicorn would read it to its end for the sake of the next request, and stall the hub for as long.
        """
        ends = False
        try:
            super().handle_request(listener, request, client, address)
        except StopIteration:
            ends = True
        if _is_unread(request.body):
            hear_out(client)
            ends = True
        if ends:
            raise StopIteration

    def stop_listening(self) -> None:
        """Let whoever comes from now on be refused at once, so that a proxy takes the next server."""
        for listener in list(LISTENERS):
            listener.close()

    def wait_for_answers(self, seconds: float) -> None:
        """Wait until all requests are answered; connections that are only kept open end then."""
        until = monotonic() + seconds
        for listener in list(LISTENERS):
            listener.pool.join(max(0.0, until - monotonic()))


def _is_unread(body: Any) -> bool:
    """Say whether more of a body is left than is worth reading. Of a chunked one nobody knows how much is."""
    reader = body.reader
    if hasattr(reader, "length"):
        return bool(reader.length > SHORT_BYTES)
    if getattr(reader, "parser", None) is None:
        return False
    try:
        with gevent.Timeout(SILENCE_S, False):
            body.read(SHORT_BYTES)
    except OSError:
        return True  # it did not end as it should have
    return reader.parser is not None


def hear_out(client: Any) -> None:
    """Tell a client that this is all, and discard what it still sends, for a while.

    Closing at once would reset the connection, and take our answer away with it.
    """
    until = monotonic() + HEAR_OUT_S
    try:
        client.shutdown(socket.SHUT_WR)
        while (left := until - monotonic()) > 0:
            client.settimeout(min(left, SILENCE_S))
            if not client.recv_into(DISCARDED):
                return
            gevent.sleep(LET_OTHERS_S)
    except OSError:
        return  # it has gone, or has nothing more to say
