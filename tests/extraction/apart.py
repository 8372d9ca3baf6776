"""Has documents read by a process of their own, as the server does; and shows that nothing of it stays."""

import os
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest

from chat.extraction.limits import Limits
from chat.extraction.unreadable import CODES, Unreadable
from chat.generation import extracting
from tests.patience import PATIENCE_S

LIMITS = Limits(bytes=30 << 20, pages=200, characters=1_000_000, seconds=200, mib=512)
GENEROUS_S = 60.0  # for a machine that does a lot besides
SENTENCE = "The well in the yard was dug before anyone now alive was born. "


@contextmanager
def nothing_stays() -> Iterator[None]:
    """No process and no descriptor is left, however the reading ended."""
    before = _descriptors()
    yield
    with gevent.Timeout(PATIENCE_S, AssertionError("a process or a descriptor is left")):
        while children() or _descriptors() > before:
            gevent.sleep(0.02)


def children() -> list[int]:
    """List the processes that read documents, zombies included."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            asked = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and (b"chat.extraction" in asked or fields[0] == "Z"):
            found.append(int(status.parent.name))
    return found


def _worked() -> float:
    """Say how many seconds of the processor all readers took that have ended."""
    taken = resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken.ru_utime + taken.ru_stime


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def read(kind: str, original: bytes | Iterable[bytes], limits: Limits = LIMITS) -> list[dict[str, Any]]:
    pieces = (
        [original[at : at + 65536] for at in range(0, len(original), 65536)]
        if isinstance(original, bytes)
        else original
    )
    return list(extracting.read(kind, pieces, limits))


def refused(kind: str, original: bytes, limits: Limits = LIMITS, *, at_once: bool = True) -> Unreadable:
    """Have something read that cannot be, and give why. `at_once`: to look at it is enough to know."""
    before = _worked()
    with pytest.raises(Unreadable) as why:
        extracting.inspect(kind, [original], limits) if at_once else read(kind, original, limits)
    with gevent.Timeout(PATIENCE_S, AssertionError("its reader is left")):
        while children():
            gevent.sleep(0.02)
    assert _worked() - before < GENEROUS_S, "of the processor: what else this machine does counts for nothing"
    assert why.value.code in CODES
    assert why.value.message.endswith(".")
    return why.value


def outcome(kind: str, original: bytes) -> list[str] | str:
    """Give the texts of what can be read, or else the code that says why not."""
    try:
        return [message["passage"]["text"] for message in read(kind, original) if "passage" in message]
    except Unreadable as why:
        return why.code
