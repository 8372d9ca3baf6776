"""Lines to a server that says nothing any more are cut from outside; who waits on them hears of it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import gevent


class Line(Protocol):
    """A connection as libpq has it."""

    @property
    def closed(self) -> bool: ...

    def fileno(self) -> int: ...


@contextmanager
def cut_after(seconds: float, line: Line) -> Iterator[None]:
    """Shut `line` down unless the block is done by then: its driver finds it closed and raises in order.

    A frozen server still acknowledges packets, so no limit of TCP's is met; and nobody is killed inside the
    driver, so no half-read answer is left for whoever asks next.
    """
    watch = gevent.get_hub().loop.timer(seconds)
    watch.start(_cut, line, update=True)  # from now on, and not from when the loop last looked
    try:
        yield
    finally:
        watch.close()


def _cut(line: Line) -> None:
    if not line.closed:
        with socket.socket(fileno=os.dup(line.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)
