"""Searching: what a person may read is found by its words, newest first; and what keeps the index true."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update
from sqlalchemy import delete as delete_from

from chat.core.lifecycle import is_live
from chat.core.searching import Query, words
from chat.store import search_index
from chat.store.paging import check_limit, key_of, mark
from chat.store.previews import previews
from chat.store.search_index import Entry, era_of
from chat.store.stored import written_of
from chat.store.tables import conversations, members, messages, search_backlog
from chat.store.transaction import Transaction

BATCH = 50  # messages that are asked of the index at once
MOST_BATCHES = 10  # for one page; where so many were not to be shown, the page is a short one
MOST_SHARED = 200  # conversations of others that are searched, the newest
MANY_ERAS = 64  # looked through at once, when the newest held too little
STEP_MESSAGES, STEP_CHARACTERS = 100, 200_000  # that are indexed in one transaction: others want to write too


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that holds what was looked for."""

    message_id: str
    conversation_id: str
    title: str | None  # of its conversation, or that one's first words
    role: str
    author: str | None  # who asked; None for an answer
    text: str
    created_at: float


# ── finding ──────────────────────────────────────────────────────────────────────────────────


def search(
    conn: Connection, person_id: str, query: Query, limit: int = 20, after: str | None = None
) -> tuple[list[Hit], str | None]:
    """List what the person may read that holds all of the query, and the mark of the next page.

    Raises BadPage. A page may hold fewer than `limit` and still have a next one.
    """
    check_limit(limit)
    below = _newest(conn) + 1
    if after is not None:
        below = min(below, int(key_of(after, int)[0]))
    if not query:
        return [], None
    rows: list[Row[Any]] = []
    for batches, seqs in enumerate(_found(conn, person_id, query, below), 1):
        rows += _readable(conn, person_id, seqs)
        if len(rows) > limit:
            return _hits(conn, rows[:limit]), mark(rows[limit - 1].seq)
        if batches == MOST_BATCHES:
            return _hits(conn, rows), mark(seqs[-1])
    return _hits(conn, rows), None


def _newest(conn: Connection) -> int:
    return conn.execute(select(func.max(messages.c.seq))).scalar() or 0


def _found(conn: Connection, person_id: str, query: Query, below: int) -> Iterator[list[int]]:
    """Give what the index has, newest first, a batch at a time."""
    owners = {person_id: (), **_shared(conn, person_id)}
    for eras in _eras(below):
        at = below
        while True:
            found = [
                seq
                for owner, within in owners.items()
                for seq in search_index.find(
                    conn, query, owner, eras=eras, below=at, limit=BATCH, within=within
                )
            ]
            seqs = sorted(set(found), reverse=True)[:BATCH]
            if seqs:
                yield seqs
            if len(seqs) < BATCH:
                break
            at = seqs[-1]


def _eras(below: int) -> Iterator[Sequence[int]]:
    """Give the eras before a place: the newest, which has only begun, the one before, then more at once.

    What is in every other message is found in the first two; what is seldom costs little in all of them.
    """
    newest = era_of(max(0, below - 1))
    for many in chain((1, 1, 4, 16), repeat(MANY_ERAS)):
        if newest < 0:
            return
        yield range(newest, max(-1, newest - many), -1)
        newest -= many


def _shared(conn: Connection, person_id: str) -> dict[str, tuple[str, ...]]:
    """Give the conversations that others let this person read, by owner."""
    mine = and_(members.c.person_id == person_id, conversations.c.discarded_at.is_(None))
    query = select(conversations.c.owner_id, conversations.c.id).join(
        members, members.c.conversation_id == conversations.c.id
    )
    newest = query.where(mine).order_by(conversations.c.updated_at.desc()).limit(MOST_SHARED)
    found: dict[str, tuple[str, ...]] = {}
    for row in conn.execute(newest):
        found[row.owner_id] = (*found.get(row.owner_id, ()), row.id)
    return found


def _readable(conn: Connection, person_id: str, seqs: Sequence[int]) -> list[Row[Any]]:
    """Keep what this person may read: the index knows shelves, and rights are asked of their own table."""
    is_member = and_(members.c.conversation_id == conversations.c.id, members.c.person_id == person_id)
    joined = messages.join(conversations, conversations.c.id == messages.c.conversation_id).outerjoin(
        members, is_member
    )
    theirs = or_(conversations.c.owner_id == person_id, members.c.person_id.is_not(None))
    query = select(messages, conversations.c.title).select_from(joined)
    here = and_(messages.c.seq.in_(seqs), conversations.c.discarded_at.is_(None), theirs)
    return list(conn.execute(query.where(here).order_by(messages.c.seq.desc())))


def _hits(conn: Connection, rows: Sequence[Row[Any]]) -> list[Hit]:
    written = written_of(conn, [row.stream_id for row in rows if row.stream_id])
    begun = previews(conn, {row.conversation_id for row in rows if not row.title})
    return [
        Hit(
            row.id,
            row.conversation_id,
            row.title or begun.get(row.conversation_id),
            row.role,
            row.author_name,
            written[row.stream_id].text if row.stream_id in written else row.text or "",
            row.created_at,
        )
        for row in rows
    ]


# ── the index ────────────────────────────────────────────────────────────────────────────────


def index(tx: Transaction, message_id: str) -> None:
    """Put a message into the index, with the text it has now. Doing it twice is harmless."""
    _put(tx, list(tx.conn.execute(_texts().where(messages.c.id == message_id))))


def index_answer(tx: Transaction, stream_id: str) -> None:
    """Put the answer whose text this stream is into the index likewise."""
    _put(tx, list(tx.conn.execute(_texts().where(messages.c.stream_id == stream_id))))


def index_later(tx: Transaction, conversation_ids: Iterable[str]) -> None:
    """Have whole conversations indexed soon, anew: copied, imported, or of another owner from now on."""
    for conversation_id in conversation_ids:
        tx.execute(delete_from(search_backlog).where(search_backlog.c.conversation_id == conversation_id))
        tx.execute(insert(search_backlog).values(conversation_id=conversation_id, after_seq=0))


def is_behind(conn: Connection) -> bool:
    """Say whether anything waits to be indexed."""
    return conn.execute(select(search_backlog.c.conversation_id).limit(1)).one_or_none() is not None


def index_some(tx: Transaction) -> bool:
    """Index a part of what waits for it; False when nothing does."""
    first = select(search_backlog).order_by(search_backlog.c.conversation_id).limit(1)
    row = tx.conn.execute(first.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return False
    mine = and_(messages.c.conversation_id == row.conversation_id, messages.c.seq > row.after_seq)
    found = list(tx.conn.execute(_texts().where(mine).order_by(messages.c.seq).limit(STEP_MESSAGES)))
    done = _put(tx, found)
    here = search_backlog.c.conversation_id == row.conversation_id
    if done == len(found) < STEP_MESSAGES:
        tx.execute(delete_from(search_backlog).where(here))
    else:
        tx.execute(update(search_backlog).where(here).values(after_seq=found[done - 1].seq))
    return True


def forget(tx: Transaction, message_id: str) -> None:
    """Take a message out of the index, before it is deleted."""
    _take_out(tx, messages.c.id == message_id)


def forget_conversation(tx: Transaction, conversation_id: str) -> None:
    """Take all messages of a conversation out of the index, before they are deleted."""
    # In this order: whoever indexes what waits holds its place in the queue while it changes the index.
    tx.execute(delete_from(search_backlog).where(search_backlog.c.conversation_id == conversation_id))
    _take_out(tx, messages.c.conversation_id == conversation_id)


def _take_out(tx: Transaction, where: Any) -> None:
    search_index.take_out(tx.conn, tx.conn.execute(select(messages.c.seq).where(where)).scalars())


def _texts() -> Any:
    columns = (messages.c.seq, messages.c.conversation_id, messages.c.stream_id, messages.c.text)
    joined = messages.join(conversations, conversations.c.id == messages.c.conversation_id)
    return select(*columns, messages.c.status, conversations.c.owner_id).select_from(joined)


def _put(tx: Transaction, rows: Sequence[Row[Any]]) -> int:
    """Index these messages, those that still grow excepted, until it is enough for once; say how many."""
    entries: list[Entry] = []
    done = size = 0
    for row in rows:
        done += 1
        if is_live(row.status):
            continue  # it will be indexed at its end
        text = _text_of(tx.conn, row)
        entries.append(Entry(row.seq, row.owner_id, row.conversation_id, words(text)))
        size += len(text)
        if size > STEP_CHARACTERS:
            break
    search_index.take_out(tx.conn, [row.seq for row in rows[:done]])
    search_index.put(tx.conn, entries)
    return done


def _text_of(conn: Connection, row: Row[Any]) -> str:
    if row.stream_id is None:
        return row.text or ""
    written = written_of(conn, [row.stream_id])
    return written[row.stream_id].text if row.stream_id in written else ""
