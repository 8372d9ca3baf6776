"""The process that answers: gunicorn's gevent worker, which leaves without cutting off who has just come."""

import os
from time import monotonic
from typing import Any
from weakref import WeakSet

from gevent.server import StreamServer
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
            while not self.full() and (came := self.do_read()) is not None:
                self.do_handle(*came)
            os.close(self.socket.detach())  # now: a turn of the hub later somebody else would have come
        super().close()


class ServerWorker(ggevent.GeventWorker):  # type: ignore[misc]  # an untyped one
    """Gunicorn's own, with our listeners."""

    def run(self) -> None:
        ggevent.StreamServer = Listener
        super().run()

    def stop_listening(self) -> None:
        """Let whoever comes from now on be refused at once, so that a proxy takes the next server."""
        for listener in list(LISTENERS):
            listener.close()

    def wait_for_answers(self, seconds: float) -> None:
        """Wait until all requests are answered; connections that are only kept open end then."""
        until = monotonic() + seconds
        for listener in list(LISTENERS):
            listener.pool.join(max(0.0, until - monotonic()))
