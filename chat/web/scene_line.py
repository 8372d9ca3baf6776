"""Which messages a page shows: the line to the newest one, or the line through one that it was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from chat.store import branches, messages
from chat.store.message_rows import Message
from chat.store.transaction import Store

LINE = 50  # messages of a line that a page shows when it is opened


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the tree; `is_older` when it does not end with the newest message of all."""

    line: list[Message]
    is_older: bool = False


class Lines:
    """The lines of one conversation."""

    def __init__(self, conversation_id: str, store: Store) -> None:
        self._cid = conversation_id
        self._store = store

    def shown(self, found: Sequence[Message], branch: str | None = None) -> Shown:
        """Give the end of the line to the last of `found`, or of that through the message `branch`.

        Messages of `found` are shown as they are there: that is what the reader's place was taken from.
        """
        if not found:
            return Shown([])
        known = on_path(found)
        if branch is None and (known[0].parent_id is None or len(known) >= LINE):
            return Shown(known)
        newest = found[-1].id
        leaf, line = self._store.read(partial(self._look, newest=newest, branch=branch))
        as_found = {message.id: message for message in found}
        return Shown([as_found.get(message.id, message) for message in line], is_older=leaf != newest)

    def message(self, message_id: str) -> Message | None:
        """Read one message, as it is stored now."""
        return self._store.read(partial(messages.get, message_id=message_id))

    def _look(self, conn: Connection, *, newest: str, branch: str | None) -> tuple[str, list[Message]]:
        leaf = branches.leaf_of(conn, self._cid, branch) if branch else None
        return leaf or newest, branches.line(conn, leaf or newest, LINE)


def on_path(found: Sequence[Message]) -> list[Message]:
    """Keep the line that ends with the newest message, as far back as it is among these."""
    line: list[Message] = []
    for message in reversed(found):
        if not line or line[-1].parent_id == message.id:
            line.append(message)
    return line[::-1]
