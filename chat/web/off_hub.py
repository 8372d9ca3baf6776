"""Long computations beside the hub: on a native thread, so that everybody else's lines go on meanwhile."""

from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar

from gevent.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 2  # not the hub's own: those look up names, and a silent name server would hold up every page
SHORT_BYTES = 4096  # of Markdown: a few milliseconds, less than is worth a thread


def picture_off_hub(size: int, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a pure `fn` on `size` bytes of text: here when it is short, else on a thread while we wait.

    The interpreter's lock is given up every few milliseconds, so the hub is late by no more than that.
    """
    if size <= SHORT_BYTES:
        return fn(*args, **kwargs)
    result: T = _threads().apply(fn, args, kwargs)
    return result


@cache
def _threads() -> ThreadPool:
    """Make them at the first use, which is after the fork."""
    return ThreadPool(THREADS)
