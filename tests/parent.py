"""How a child learns that its parent is gone: servers and services must not outlive the tests."""

import ctypes
import signal
import sys

LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent() -> None:
    """Leave no server behind when the tests themselves are killed; only Linux can say that."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
