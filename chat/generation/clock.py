"""Clocks of this machine: the wall for people, the lease clock for promises between processes."""

import time


def wall() -> float:
    """Seconds since 1970, as people count; it may jump."""
    return time.time()


def monotonic() -> float:
    """Seconds that never jump; of this process only."""
    return time.monotonic()


def lease_clock() -> float:
    """Seconds since this machine booted, the same in all its processes, sleep included where it can be told.

    Never compare it across boots: the owner of a lease names its boot too.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.clock_gettime(time.CLOCK_MONOTONIC)  # macOS: goes on while the machine sleeps
