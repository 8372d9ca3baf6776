"""Long computations beside the hub: on a native thread, so that everybody else's lines go on meanwhile."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from gevent.hub import get_hub

P = ParamSpec("P")
T = TypeVar("T")

SHORT_BYTES = 4096  # of Markdown: a few milliseconds, less than is worth a thread


def picture_off_hub(size: int, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a pure `fn` on `size` bytes of text: here when it is short, else on a thread while we wait.

    The interpreter's lock is given up every few milliseconds, so the hub is late by no more than that.
    """
    if size <= SHORT_BYTES:
        return fn(*args, **kwargs)
    result: T = get_hub().threadpool.apply(fn, args, kwargs)
    return result
