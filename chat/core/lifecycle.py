"""The life of a stream: its statuses and the moves between them, as one table."""

from enum import StrEnum


class Status(StrEnum):
    """Where a stream is; the value is what the wire and the database hold."""

    PENDING = "pending"  # asked for, claimed by nobody yet
    STREAMING = "streaming"  # claimed: one process holds the lease and writes
    DONE = "done"  # the provider said that it finished
    STOPPED = "stopped"  # a person stopped it; what came before is kept
    ERROR = "error"  # it failed; what came before is kept
    INTERRUPTED = "interrupted"  # the lease ran out or the process left; may be claimed again


MOVES: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.STREAMING, Status.STOPPED, Status.INTERRUPTED}),
    Status.STREAMING: frozenset({Status.DONE, Status.STOPPED, Status.ERROR, Status.INTERRUPTED}),
    Status.INTERRUPTED: frozenset({Status.STREAMING, Status.STOPPED}),
    Status.DONE: frozenset(),
    Status.STOPPED: frozenset(),
    Status.ERROR: frozenset(),
}

FINAL = frozenset(status for status, onward in MOVES.items() if not onward)
LIVE = frozenset({Status.PENDING, Status.STREAMING})  # an answer is, or is about to be, on its way


def is_final(status: str) -> bool:
    """Say whether nothing can change any more."""
    return status in FINAL


def is_live(status: str) -> bool:
    """Say whether an answer is on its way: such a stream blocks a second one beside it."""
    return status in LIVE


def is_streaming(status: str) -> bool:
    """Say whether some process holds the lease and writes."""
    return status == Status.STREAMING


def is_interrupted(status: str) -> bool:
    """Say whether it waits to be claimed again."""
    return status == Status.INTERRUPTED


def sources_of(after: Status) -> frozenset[Status]:
    """List the statuses from which `after` can be reached in one move."""
    return frozenset(before for before, onward in MOVES.items() if after in onward)
