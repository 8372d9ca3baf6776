"""A file on its way in: few bytes stay in memory, many go beside the hub into a file without a name."""

import os
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

    def content(self) -> bytes:
        """Give the bytes of one that is in memory."""
        return bytes(self._near)

    def pieces(self, size: int) -> Iterator[bytes]:
        """Read it from its beginning, in pieces of `size` bytes; the last one may have fewer.

        As often as one likes, and each by its place: a read that nobody waits for any more moves no other.
        """
        if self._far is not None and self._near:
            self._put_down()
        for start in range(0, self.size, size):
            if self._far is None:
                yield bytes(self._near[start : start + size])
            else:
                yield _beside_hub(_read_at, self._far, start, size)

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


def _read_at(file: IO[bytes], start: int, size: int) -> bytes:
    return os.pread(file.fileno(), size, start)


def _beside_hub(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    result: T = _threads().apply(fn, args, kwargs)
    return result


@cache
def _threads() -> ThreadPool:
    """Make them at the first use, which is after the fork."""
    return ThreadPool(THREADS)
