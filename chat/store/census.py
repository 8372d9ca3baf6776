"""How many streams are not at rest: a look at the partial index of those alone, whatever the table holds."""

from sqlalchemy import Connection, func, select, text

from chat.core.lifecycle import Status
from chat.store.tables import streams

# Word for word what the partial index says, or SQLite would not see that it serves.
UNFINISHED = text("status IN ('pending', 'streaming')")


def live_counts(conn: Connection) -> dict[str, int]:
    """Count the streams that are pending, and those that stream (released ones included).

    What is thought before an answer is part of it, and counts for nothing more.
    """
    alone = UNFINISHED & streams.c.beside.is_(None)
    counted = select(streams.c.status, func.count()).where(alone).group_by(streams.c.status)
    found = {str(status): int(count) for status, count in conn.execute(counted)}
    return {status: found.get(status, 0) for status in (str(Status.PENDING), str(Status.STREAMING))}
