"""What a process that reads a document may take: it is confined before it sees the first byte."""

import math
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Self

FARTHEST = 1 << 20  # beyond the highest descriptor that a server has
FILES = 32  # open at once: what Python loads while it starts
LOOKS_EACH_S = 1.0  # for whom it reads, and how long
PATIENCE_S = 30.0  # beyond its time: whoever started it should have ended it, and may be paused himself


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be and what reading it may take; 0 is any number of bytes, pages, characters.

    `seconds`: of waiting for who reads; `mib`: of his memory.
    """

    bytes: int = 20 << 20
    pages: int = 2000
    characters: int = 5_000_000
    seconds: float = 120.0
    mib: int = 1024

    def to_argument(self) -> str:
        """Write them as one word of a command line."""
        return ",".join(f"{name}={value}" for name, value in asdict(self).items())

    @classmethod
    def from_argument(cls, written: str) -> Self:
        """Read what `to_argument` wrote. Raises ValueError, TypeError."""
        values = {name: float(value) for name, value in (pair.split("=") for pair in written.split(","))}
        seconds = values.pop("seconds")
        return cls(seconds=seconds, **{name: int(value) for name, value in values.items()})


def confine(limits: Limits, parent: int, *, is_awaited: bool) -> None:
    """Give up what reading needs not: files, processes, memory, time; and end with whoever started this.

    `is_awaited`: somebody waits for it while he waits for an answer to his request.
    """
    os.closerange(3, FARTHEST)  # sockets that listen
    if not is_awaited:
        os.nice(10)  # answers go first
    processor_s = math.ceil(limits.seconds) + 1 if limits.seconds else resource.RLIM_INFINITY
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),  # it writes to a pipe alone
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_AS, limits.mib << 20),
        (resource.RLIMIT_CPU, processor_s),
    ):
        if (sys.platform, what) != ("darwin", resource.RLIMIT_AS):  # macOS knows no more than its name
            _lower(what, most)
    _look_after(limits, parent)


def _lower(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (least, least))


def _look_after(limits: Limits, parent: int) -> None:
    """Be gone soon when nobody waits any more, whatever is being read."""
    left = math.ceil((limits.seconds + PATIENCE_S) / LOOKS_EACH_S)

    def look(_told: int, _frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        if os.getppid() != parent or (limits.seconds and left < 0):
            os._exit(1)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOKS_EACH_S, LOOKS_EACH_S)
