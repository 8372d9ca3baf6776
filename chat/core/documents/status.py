"""The life of a document, from the first piece that comes in until answers draw on it."""

from enum import StrEnum


class DocumentStatus(StrEnum):
    """Where a document is; the value is what the wire and the database hold."""

    ARRIVING = "arriving"  # its original is being stored; it is erased if that does not go on
    WAITING = "waiting"  # to be read, for the first time or again
    READING = "reading"  # one process reads it, and renews its claim
    READY = "ready"  # answers draw on it
    FAILED = "failed"  # it cannot be read; its error says why


UNREAD = frozenset({DocumentStatus.ARRIVING, DocumentStatus.WAITING, DocumentStatus.READING})


def is_ready(status: str) -> bool:
    """Say whether answers may draw on it."""
    return status == DocumentStatus.READY


def is_unread(status: str) -> bool:
    """Say whether it is still on its way: its status and its progress go on by themselves."""
    return status in UNREAD
