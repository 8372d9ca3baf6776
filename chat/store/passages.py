"""Passages: the text of a document as it was cut, one after another, and the words they are found by."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, insert, select
from sqlalchemy import delete as delete_from

from chat.core.documents import Passage
from chat.core.stems import language_of, stems
from chat.store import passage_index
from chat.store.document_tables import documents, passages
from chat.store.passage_index import Entry
from chat.store.transaction import Transaction

TAKEN_BYTES = 24 << 10  # of text, by one `take_away`


@dataclass(frozen=True, slots=True)
class Found:
    """A passage as it is stored, and the document that it is of."""

    seq: int
    document_id: str
    document: str  # its name
    number: int  # from 1
    page: int | None
    heading: str
    before: str
    text: str


def words_of(cut: Sequence[Passage], language: str | None) -> list[list[str]]:
    """Give the words by which each passage is found: its own, the end of the one before, its headings.

    Pure, and long enough to be done beside the hub: some 4 MB of text a second.
    """
    return [stems(" ".join((one.heading, one.before, one.text)), language) for one in cut]


def put(
    tx: Transaction, document_id: str, cut: Sequence[Passage], words: Sequence[Sequence[str]] | None = None
) -> None:
    """Store passages of a document, and the words by which they are found. At most some 64 at a time.

    `words`: what `words_of` gave for them; without it they are made here, where others wait to write.
    That the document is there, and is the caller's to fill, is asked in the same transaction.
    """
    if not cut:
        return
    whose = select(documents.c.shelf, documents.c.language).where(documents.c.id == document_id)
    document = tx.execute(whose).one()
    if words is None:
        words = words_of(cut, document.language or language_of(" ".join(one.text for one in cut)))
    rows = [
        {
            "document_id": document_id, "number": one.number, "page": one.page, "heading": one.heading,
            "before": one.before, "text": one.text,
        }
        for one in cut
    ]  # fmt: skip
    tx.execute(insert(passages), rows)
    numbers = [one.number for one in cut]
    these = and_(passages.c.document_id == document_id, passages.c.number.in_(numbers))
    stored = tx.execute(select(passages.c.number, passages.c.seq).where(these)).all()
    seqs: dict[int, int] = {row.number: row.seq for row in stored}
    entries = [Entry(seqs[one.number], document.shelf, its) for one, its in zip(cut, words, strict=True)]
    passage_index.put(tx.conn, entries)


def take_away(tx: Transaction, document_id: str, most: int) -> int:
    """Delete some passages of a document, the last ones first, with their words; say how many there were.

    At most so many, and of long ones fewer: as many as have some TAKEN_BYTES.
    """
    last = select(passages.c.seq, passages.c.text).where(passages.c.document_id == document_id)
    rows = tx.execute(last.order_by(passages.c.number.desc()).limit(most)).all()
    sizes = accumulate(len(row.text.encode()) for row in rows)
    seqs = [row.seq for row, size in zip(rows, sizes, strict=True) if size <= TAKEN_BYTES]
    if rows:
        seqs = seqs or [rows[0].seq]
        passage_index.take_out(tx.conn, seqs)
        tx.execute(delete_from(passages).where(passages.c.seq.in_(seqs)))
    return len(seqs)


def get(conn: Connection, document_id: str, number: int) -> Found | None:
    """Find one passage of a document. Who may open that is asked before."""
    here = and_(passages.c.document_id == document_id, passages.c.number == number)
    row = conn.execute(_found().where(here)).one_or_none()
    return from_row(row) if row else None


def page_of(
    conn: Connection, document_id: str, *, after: int = 0, around: int | None = None, limit: int = 50
) -> list[Found]:
    """List passages in their order: those after a number (0: from the first on), or those around one.

    Around one: it stands in the middle. Who may open the document is asked before.
    """
    first = after + 1 if around is None else max(1, around - limit // 2)
    here = and_(passages.c.document_id == document_id, passages.c.number >= first)
    rows = conn.execute(_found().where(here).order_by(passages.c.number).limit(limit))
    return [from_row(row) for row in rows]


def from_row(row: Row[Any]) -> Found:
    """Give the passage of what `columns` selects."""
    return Found(**{name: row._mapping[name] for name in Found.__slots__})


def columns() -> list[ColumnElement[Any]]:
    """Give what `from_row` reads, of `passages` joined with `documents`."""
    own = [passages.c[name] for name in Found.__slots__ if name != "document"]
    return [*own, documents.c.name.label("document")]


def _found() -> Select[Any]:
    joined = passages.join(documents, documents.c.id == passages.c.document_id)
    return select(*columns()).select_from(joined)
