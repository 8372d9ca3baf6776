"""The queue of documents that wait to be read: claimed by one process at a time, and what it stores of them.

A claim is a lease: it holds as long as it is renewed. Every write of a reader names its claim and does
nothing once that is another's, or the document was deleted: who was thought dead cannot add to a text.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, text, update

from chat.core.documents import Passage
from chat.core.documents.status import UNREAD, DocumentStatus
from chat.store import passages
from chat.store.document_rights import HERE
from chat.store.document_tables import UNFINISHED, documents
from chat.store.documents import READERS, change, ring
from chat.store.transaction import Transaction

# Word for word what the partial index says, or SQLite would not see that it serves.
ON_ITS_WAY = text(UNFINISHED)
ATTEMPTS = 3  # what ends its reader each time must not do so for ever
PAUSE_S = 5.0  # before the next attempt, once one failed: what it lacked may be back


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt of one process to read one document."""

    document_id: str
    kind: str
    reader: str
    attempt: int  # from 1

    @property
    def is_spent(self) -> bool:
        """Whether as many attempts as there may be have failed: it is only emptied, and fails for good."""
        return self.attempt > ATTEMPTS


class ClaimLost(Exception):
    """The document was deleted, or another process reads it now: nothing of ours is stored."""


# ── claiming ─────────────────────────────────────────────────────────────────────────────────


def claim(tx: Transaction, reader: str, now: float, until: float) -> Claim | None:
    """Take the next document that waits, or that nobody reads any more; None when there is none.

    Of several people's, first those of whom none is being read, and of those whose fewest wait: who adds a
    hundred holds up nobody, nor do two who do.
    See `is_spent` of what comes back.
    """
    row = tx.execute(_next(now)).one_or_none()
    if row is None:
        return None
    taken = Claim(row.id, row.kind, reader, row.attempts + 1)
    change(
        tx,
        documents.c.id == row.id,
        status=DocumentStatus.READING,
        reader=reader,
        reading_until=until,
        attempts=taken.attempt,
        progress=0,
        error=None,
    )
    return taken


def waiting(conn: Connection, now: float, most: int) -> int:
    """Count what could be claimed now, up to so many."""
    found = select(documents.c.id).where(_is_open(now)).limit(most)
    return len(conn.execute(found).all())


def renew(tx: Transaction, claims: Collection[Claim], until: float) -> set[Claim]:
    """Hold these claims longer; give back those that are lost."""
    return {one for one in claims if _set(tx, one, HERE, reading_until=until) is None}


def readers(conn: Connection) -> set[str]:
    """Name the processes that hold a claim."""
    held = select(documents.c.reader).where(ON_ITS_WAY, _reading(), documents.c.reader.is_not(None))
    return set(conn.execute(held.distinct()).scalars())


def release(tx: Transaction, reader: str) -> None:
    """Let others have what a dead process held."""
    theirs = and_(ON_ITS_WAY, _reading(), documents.c.reader == reader)
    if tx.execute(update(documents).where(theirs).values(reading_until=None)).rowcount:
        tx.ring(READERS)


def unread(conn: Connection) -> dict[str, int]:
    """Count the documents that are still on their way, by status; a look at the index of those alone."""
    counted = select(documents.c.status, func.count()).where(ON_ITS_WAY, HERE).group_by(documents.c.status)
    found = {str(status): int(count) for status, count in conn.execute(counted)}
    return {str(status): found.get(status, 0) for status in sorted(UNREAD)}


# ── filling ──────────────────────────────────────────────────────────────────────────────────


def empty_some(tx: Transaction, taken: Claim, most: int) -> bool:
    """Take some of what an earlier attempt left away; False when nothing was left. Raises ClaimLost."""
    _hold(tx, taken, passages=0, embedded=0)
    return passages.take_away(tx, taken.document_id, most) > 0


def store(
    tx: Transaction,
    taken: Claim,
    cut: Sequence[Passage],
    words: Sequence[Sequence[str]],
    *,
    language: str | None,
    progress: int,
    until: float,
) -> None:
    """Store the next passages, their words (of this language), and how far the reading is (percent).

    Raises ClaimLost.
    """
    counted = documents.c.passages + len(cut)
    _hold(tx, taken, passages=counted, progress=progress, language=language, reading_until=until)
    passages.put(tx, taken.document_id, cut, words)


# ── ending ───────────────────────────────────────────────────────────────────────────────────


def finish(tx: Transaction, taken: Claim, *, pages: int | None, now: float) -> None:
    """Let answers draw on it from this commit on. Raises ClaimLost."""
    fields = _at_rest(DocumentStatus.READY)
    found = {"pages": pages, "progress": 100, "updated_at": now}
    _hold(tx, taken, **fields, **found)


def fail(tx: Transaction, taken: Claim, error: dict[str, Any], now: float) -> None:
    """Say that it cannot be read, and why: `{code, message}`. Raises ClaimLost."""
    _hold(tx, taken, **_at_rest(DocumentStatus.FAILED), error=error, updated_at=now)


def try_again(tx: Transaction, taken: Claim, error: dict[str, Any], now: float) -> bool:
    """Have it read once more, after a pause; False: that was the last attempt, and it failed.

    Raises ClaimLost.
    """
    if taken.attempt >= ATTEMPTS:
        fail(tx, taken, error, now)
        return False
    later = {"status": DocumentStatus.WAITING, "reader": None, "reading_until": now + PAUSE_S}
    _hold(tx, taken, **later)
    return True


def give_back(tx: Transaction, taken: Claim, pause_until: float | None = None) -> None:
    """Let another process read it, or this one later: the attempt does not count. Harmless if it was lost."""
    fields = {"status": DocumentStatus.WAITING, "reader": None, "reading_until": pause_until, "progress": 0}
    row = _set(tx, taken, attempts=taken.attempt - 1, **fields)
    if row is not None:
        ring(tx, row)
        tx.ring(READERS)


def _next(now: float) -> Any:
    theirs = documents.alias("theirs")
    busy = select(theirs.c.owner_id).where(ON_ITS_WAY, theirs.c.status == DocumentStatus.READING)
    counted = select(theirs.c.owner_id, func.count().label("many")).where(ON_ITS_WAY)
    whose = counted.group_by(theirs.c.owner_id).subquery("whose")
    query = select(documents.c.id, documents.c.kind, documents.c.attempts).where(_is_open(now))
    query = query.join(whose, whose.c.owner_id == documents.c.owner_id)
    query = query.order_by(documents.c.owner_id.in_(busy), whose.c.many, documents.c.seq).limit(1)
    return query.with_for_update(skip_locked=True, of=documents)


def _is_open(now: float) -> ColumnElement[bool]:
    """Say what nobody reads, and could be read now."""
    due = or_(documents.c.reading_until.is_(None), documents.c.reading_until <= now)
    return and_(ON_ITS_WAY, HERE, documents.c.status != DocumentStatus.ARRIVING, due)


def _at_rest(status: DocumentStatus) -> dict[str, Any]:
    return {"status": status, "reader": None, "reading_until": None, "attempts": 0}


def _reading() -> ColumnElement[bool]:
    return documents.c.status == DocumentStatus.READING


def _hold(tx: Transaction, taken: Claim, **values: Any) -> None:
    """Change a document that is still there and ours, and tell who looks at it. Raises ClaimLost."""
    row = _set(tx, taken, HERE, **values)
    if row is None:
        raise ClaimLost
    ring(tx, row)


def _set(tx: Transaction, taken: Claim, *more: ColumnElement[bool], **values: Any) -> Row[Any] | None:
    """Change the document of a claim; None when the claim is lost. Say whose it is."""
    mine = and_(documents.c.reader == taken.reader, documents.c.attempts == taken.attempt)
    changed = update(documents).where(documents.c.id == taken.document_id, _reading(), mine, *more)
    whose = (documents.c.owner_id, documents.c.conversation_id)
    return tx.execute(changed.values(values).returning(*whose)).one_or_none()
