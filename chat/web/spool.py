"""A file on its way in: few bytes stay in memory, many go beside the hub into a file without a name."""

import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from typing import IO, ParamSpec, Self, TypeVar

from gevent.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")

IN_MEMORY = 1 << 20  # bytes of one file; what is larger is written in steps of as much
HEAD = 8192  # bytes that its kind is told by
THREADS = 2  # for all files: a slow disk holds up those who upload, and nobody else


class Spool:
    """The bytes of one file, first written and then read. Whatever happens, closing leaves nothing behind.

    The file has no name: it is gone with this process, even one that is killed.
    """

    def __init__(self) -> None:
        self.size = 0
        self.head = b""
        self._near = bytearray()
        self._far: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        if len(self.head) < HEAD:
            self.head += data[: HEAD - len(self.head)]
        self.size += len(data)
        self._near += data
        if len(self._near) > IN_MEMORY:
            self._put_down()

    def file(self) -> IO[bytes] | None:
        """Give the file that holds it all, at its beginning; None for one that is in memory."""
        if self._far is None:
            return None
        self._put_down()
        self._far.seek(0)
        return self._far

    def content(self) -> bytes:
        """Give the bytes of one that is in memory."""
        return bytes(self._near)

    def pieces(self, size: int) -> Iterator[bytes]:
        """Read it from its beginning, in pieces of `size` bytes; the last one may have fewer."""
        file = self.file()
        if file is None:
            for start in range(0, len(self._near), size):
                yield bytes(self._near[start : start + size])
            return
        while piece := _beside_hub(file.read, size):
            yield piece

    def close(self) -> None:
        """Let go of it. Doing it twice is harmless."""
        self._near = bytearray()
        if self._far is not None:
            self._far.close()
            self._far = None

    def _put_down(self) -> None:
        if self._far is None:
            self._far = _beside_hub(tempfile.TemporaryFile)
        near, self._near = self._near, bytearray()
        _beside_hub(_write_out, self._far, near)


def _write_out(file: IO[bytes], data: bytearray) -> None:
    file.write(data)
    file.flush()  # who reads it by its descriptor finds all of it


def _beside_hub(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    result: T = _threads().apply(fn, args, kwargs)
    return result


@cache
def _threads() -> ThreadPool:
    """Make them at the first use, which is after the fork."""
    return ThreadPool(THREADS)
