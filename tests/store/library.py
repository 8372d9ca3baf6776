"""Documents in a real database, and the few sentences that their tests are written in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from chat.core.documents import Passage
from chat.store import documents, erasing, passages, reading_queue
from chat.store.document_tables import documents as documents_table
from chat.store.documents import Allowed, Document
from chat.store.people import Person
from chat.store.reading_queue import Claim
from tests.store.talk import ADA, Talk

LEASE_S = 30.0


def begin(talk: Talk, owner: Person = ADA, limits: Allowed | None = None, **fields: Any) -> Document:
    """Make room for a document; into the owner's library, unless `conversation_id` says otherwise."""
    usual = {"conversation_id": None, "name": "rivers.md", "kind": "markdown", "size": 3}
    made: Document = talk.write(
        documents.begin, owner=owner, now=talk.tick(), limits=limits or Allowed(), **(usual | fields)
    )
    return made


def add(talk: Talk, owner: Person = ADA, original: bytes = b"abc", **fields: Any) -> Document:
    """Add a document, so that it waits to be read."""
    made = begin(talk, owner, size=len(original), **fields)
    for number, at in enumerate(range(0, len(original), documents.PIECE_BYTES), 1):
        piece = original[at : at + documents.PIECE_BYTES]
        talk.write(documents.put_piece, made.id, number, piece, talk.now)
    arrived: Document = talk.write(documents.arrived, made.id, talk.now)
    return arrived


def claim(talk: Talk, reader: str = "here") -> Claim | None:
    found: Claim | None = talk.write(reading_queue.claim, reader, talk.now, talk.now + LEASE_S)
    return found


def passages_of(*texts: str) -> list[Passage]:
    return [Passage(number, text) for number, text in enumerate(texts, 1)]


def read(talk: Talk, *texts: str, reader: str = "here") -> Claim:
    """Have the document that waits read to the end; its passages are these texts."""
    taken = claim(talk, reader)
    assert taken is not None
    put(talk, taken, passages_of(*texts))
    talk.write(reading_queue.finish, taken, pages=None, now=talk.now)
    return taken


def put(talk: Talk, taken: Claim, cut: Sequence[Passage], progress: int = 50) -> None:
    words = passages.words_of(cut, "en")
    more = {"language": "en", "progress": progress, "until": talk.now + LEASE_S}
    talk.write(reading_queue.store, taken, cut, words, **more)


def ready(talk: Talk, *texts: str, owner: Person = ADA, **fields: Any) -> Document:
    """Add a document and have it read."""
    made = add(talk, owner, **fields)
    read(talk, *(texts or ("Rivers run.",)))
    found: Document = talk.read(documents.get, made.id)
    return found


def allowed(talk: Talk, condition: Any) -> set[str]:
    """Name the documents for which a condition holds."""
    query = select(documents_table.c.name).where(condition)
    return set(talk.store.read(lambda conn: conn.execute(query).scalars().all()))


def erase(talk: Talk, undo_s: float = 0, stale_s: float = 300) -> int:
    """Erase all that is due; say how many writes that took."""
    before, stale = talk.now - undo_s, talk.now - stale_s
    writes = 0
    for document_id in talk.read(erasing.due, before, stale):
        writes += 1
        while talk.write(erasing.erase_some, document_id, before, stale):
            writes += 1
    return writes
