"""What an answer draws on: what is attached to its conversation, and passages found by a question's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, select

from chat.core.ranking import Term
from chat.store import passage_search
from chat.store.document_rights import searched
from chat.store.document_tables import documents, passages
from chat.store.passage_search import Place
from chat.store.passages import Found, columns, from_row

MOST_WHOLE = 100  # passages that are read, to see whether all of them fit
FIRST = 3  # passages of a document that are its beginning


@dataclass(frozen=True, slots=True)
class DrawnOn:
    """Passages for an answer, in this order; `beginnings`: for want of anything else."""

    whole: list[Found]  # all that is attached, if it is short
    found: list[Found]
    beginnings: list[Found]


def look(
    conn: Connection,
    person_id: str,
    conversation_id: str,
    terms: Sequence[Term],
    most: int,
    fits: Callable[[Sequence[Found]], bool],
) -> DrawnOn:
    """Give what an answer to this person in this conversation may draw on, for a question of these terms.

    What is attached is given whole, document by document, where that `fits`. Otherwise, and where nothing is
    found, its beginnings: at most so many passages, of the newest documents.
    """
    asker = (person_id, conversation_id)
    where = passage_search.place(conn, *asker)
    whole = _whole(conn, *asker, where, fits)
    found = [one.found for one in passage_search.search(conn, *asker, where, terms, most)]
    begun = _beginnings(conn, *asker, where)[:most] if not whole and not found else []
    return DrawnOn(whole, found, begun)


def _whole(
    conn: Connection,
    person_id: str,
    conversation_id: str,
    where: Place,
    fits: Callable[[Sequence[Found]], bool],
) -> list[Found]:
    if not 0 < where.attached <= MOST_WHOLE:
        return []
    found = _list(conn, _here(person_id, conversation_id), documents.c.seq, passages.c.number)
    return found if fits(found) else []


def _beginnings(conn: Connection, person_id: str, conversation_id: str, where: Place) -> list[Found]:
    if not where.attached:
        return []
    here = and_(_here(person_id, conversation_id), passages.c.number <= FIRST)
    return _list(conn, here, documents.c.seq.desc(), passages.c.number)


def _here(person_id: str, conversation_id: str) -> ColumnElement[bool]:
    return and_(documents.c.conversation_id == conversation_id, searched(person_id, conversation_id))


def _list(conn: Connection, where: ColumnElement[bool], *order: ColumnElement[int]) -> list[Found]:
    joined = documents.join(passages, passages.c.document_id == documents.c.id)
    rows = conn.execute(select(*columns()).select_from(joined).where(where).order_by(*order))
    return [from_row(row) for row in rows]
