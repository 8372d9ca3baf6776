"""Vectors of passages: stored a document's next ones at a time, and read by those who may draw on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, and_, bindparam, insert, or_, select, text, update

from chat.core.documents.status import DocumentStatus
from chat.core.likeness import Rows, Vector, pack
from chat.store import document_rights, vector_spaces
from chat.store.document_rights import HERE
from chat.store.document_tables import WITHOUT_VECTORS, documents, passages, vectors
from chat.store.documents import ring
from chat.store.transaction import Transaction
from chat.store.vector_spaces import Space

LACKING = text(WITHOUT_VECTORS)  # word for word what the partial index says, or SQLite would not use it

# Of how many rows, on PostgreSQL, all are compared: 1 µs each. Beyond, its graph is walked, at some 20 µs a
# step, and each step that leads to somebody else's passage was for nothing.
ROW_US, STEP_US = 1.0, 20.0
MOST_STEPS = 20_000
LEAST_STEPS = 200  # of the graph, however few are wanted: fewer find worse ones


@dataclass(frozen=True, slots=True)
class Part:
    """The next passages of a document that lack a vector, and what of them is to be embedded."""

    document_id: str
    after: int  # the number of the last one that has its vector
    seqs: tuple[int, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Searched:
    """A document that is searched, and how many of its passages have a vector; the first ones always."""

    id: str
    embedded: int
    updated_at: float


@dataclass(frozen=True, slots=True)
class Block:
    """Vectors of some passages of a document, one after another, packed."""

    document_id: str
    first: int
    data: bytes


class PartLost(Exception):
    """These vectors are not wanted any more: document or model changed, or another process makes them."""


# ── making ───────────────────────────────────────────────────────────────────────────────────


def lacking(conn: Connection, after: int, most: int) -> list[tuple[int, str]]:
    """List documents (seq and id) with passages that lack a vector, those after a seq, the oldest first."""
    beyond = select(documents.c.seq, documents.c.id).where(LACKING, documents.c.seq > after)
    return [(row.seq, row.id) for row in conn.execute(beyond.order_by(documents.c.seq).limit(most))]


def count_lacking(conn: Connection) -> int:
    """Say how many passages lack a vector."""
    counted = text(f"SELECT coalesce(sum(passages - embedded), 0) FROM documents WHERE {WITHOUT_VECTORS}")
    return int(conn.execute(counted).scalar_one())


def next_part(conn: Connection, document_id: str, most: int) -> Part | None:
    """Read the next passages of a document that lack a vector; None when there is none."""
    here = and_(documents.c.id == document_id, documents.c.status == DocumentStatus.READY, HERE)
    after = conn.execute(select(documents.c.embedded).where(here)).scalar_one_or_none()
    if after is None:
        return None
    said = select(passages.c.seq, passages.c.heading, passages.c.before, passages.c.text)
    beyond = and_(passages.c.document_id == document_id, passages.c.number > after)
    rows = conn.execute(said.where(beyond).order_by(passages.c.number).limit(most)).all()
    if not rows:
        return None
    return Part(document_id, after, tuple(row.seq for row in rows), tuple(map(embedded_text, rows)))


def embedded_text(passage: Any) -> str:
    """Give what of a passage becomes its vector: what stands above it says what it is about."""
    return f"{passage.heading}\n{passage.before}{passage.text}".strip()


def written(space: Space, rows: Rows) -> bytes | list[str]:
    """Write vectors as the space keeps them. A few milliseconds for many: not on the hub."""
    if not space.by_rows:
        return pack(rows)
    return [vector_said(row) for row in rows]


def put(
    tx: Transaction, space: Space, part: Part, said: bytes | list[str], *, process: str, until: float
) -> None:
    """Store the vectors of a part, and hold the space longer. Raises PartLost."""
    if not vector_spaces.keep(tx, space, process, until):
        raise PartLost
    count = len(part.seqs)
    this = and_(documents.c.id == part.document_id, documents.c.status == DocumentStatus.READY, HERE)
    changed = update(documents).where(this, documents.c.embedded == part.after)
    row = tx.execute(changed.values(embedded=part.after + count).returning(documents)).one_or_none()
    if row is None or _numbers(tx.conn, part) != list(part.seqs):
        raise PartLost
    if isinstance(said, bytes):
        block = {"document_id": part.document_id, "model": space.key, "first": part.after + 1}
        tx.execute(insert(vectors).values(**block, dimensions=space.dimensions, data=said))
    else:
        line = (
            f"INSERT INTO {space.table} (seq, document_id, vector) SELECT seq, :document_id, said::halfvec "
            "FROM unnest(CAST(:seqs AS bigint[]), CAST(:said AS text[])) AS given (seq, said)"
        )
        given = {"document_id": part.document_id, "seqs": list(part.seqs), "said": said}
        tx.execute(text(line), given)
    if row.embedded >= row.passages:
        ring(tx, row)


def _numbers(conn: Connection, part: Part) -> list[int]:
    """List the passages that stand now where those of the part stood."""
    beyond = and_(passages.c.document_id == part.document_id, passages.c.number > part.after)
    found = select(passages.c.seq).where(beyond).order_by(passages.c.number).limit(len(part.seqs))
    return list(conn.execute(found).scalars())


# ── finding ──────────────────────────────────────────────────────────────────────────────────


# Made once: to put the conditions together takes as long as to ask them.
_ALLOWED = document_rights.searched(bindparam("person_id"), bindparam("conversation_id"))
SEARCHED = (
    select(documents.c.id, documents.c.embedded, documents.c.updated_at)
    .where(_ALLOWED, documents.c.embedded > 0)
    .order_by(documents.c.seq.desc())
)
STILL = select(documents.c.id).where(documents.c.id.in_(bindparam("named", expanding=True)), _ALLOWED)


def place(conn: Connection, person_id: str, conversation_id: str) -> tuple[Space | None, list[Searched]]:
    """Give the space in use, and what an answer to this person in this conversation may draw on.

    That are documents with vectors, newest first (see `document_rights.searched`).
    """
    rows = conn.execute(SEARCHED, {"person_id": person_id, "conversation_id": conversation_id})
    return vector_spaces.current(conn), [Searched(*row) for row in rows]


def blocks(conn: Connection, space: Space, wanted: Sequence[tuple[str, int, int]]) -> list[Block]:
    """Read the packed vectors of these documents, from one passage's number up to another's, in order."""
    which = or_(
        *(
            and_(vectors.c.document_id == document_id, vectors.c.first.between(first, last))
            for document_id, first, last in wanted
        )
    )
    columns = (vectors.c.document_id, vectors.c.first, vectors.c.data)
    rows = conn.execute(
        select(*columns)
        .where(vectors.c.model == space.key, which)
        .order_by(vectors.c.document_id, vectors.c.first)
    )
    return [Block(*row) for row in rows]


def seqs_of(
    conn: Connection, person_id: str, conversation_id: str, found: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """Find passages by document and number, of documents that an answer may draw on still."""
    named = sorted({document_id for document_id, _ in found})
    asked = {"person_id": person_id, "conversation_id": conversation_id, "named": named}
    still = set(conn.execute(STILL, asked).scalars())
    wanted = [one for one in found if one[0] in still]
    if not wanted:
        return {}
    # Without a join, or SQLite would read all passages; and in plain words, which nobody has to compile.
    each = " OR ".join(f"(document_id = :d{at} AND number = :n{at})" for at in range(len(wanted)))
    values = {
        f"{name}{at}": part for at, one in enumerate(wanted) for name, part in zip("dn", one, strict=True)
    }
    said = text(f"SELECT document_id, number, seq FROM passages WHERE {each}")
    return {(row.document_id, row.number): row.seq for row in conn.execute(said, values)}


def nearest_rows(
    conn: Connection,
    person_id: str,
    conversation_id: str,
    space: Space,
    vector: Vector,
    most: int,
    least: float = 0.0,
) -> list[int]:
    """Find the passages whose vectors are nearest, by PostgreSQL itself, of those that `place` gives.

    None that is not more alike than `least`.
    Of few, all are compared; of many, a graph is walked, which may miss one of those that are hardly nearer.
    """
    present, within = place(conn, person_id, conversation_id)
    if present != space or not within or len(vector) != space.dimensions:
        return []  # since the caller looked, another model's are in use
    given = {"ids": [one.id for one in within], "vector": vector_said(vector), "most": most, "far": -least}
    of_these = f"FROM {space.table} WHERE document_id = ANY(CAST(:ids AS text[]))"
    far = f"vector <#> CAST(:vector AS halfvec({space.dimensions:d}))"
    order = f"({far}) + 0"  # added to, so that no index serves
    if _by_graph(conn, space, sum(one.embedded for one in within), most):
        order = far
        _walk(conn, most)
    near = f"SELECT seq, {far} AS far {of_these} ORDER BY {order} LIMIT :most"
    said = f"WITH near AS MATERIALIZED ({near}) SELECT seq FROM near WHERE far < :far ORDER BY far"
    return list(conn.execute(text(said), given).scalars())


def _by_graph(conn: Connection, space: Space, count: int, most: int) -> bool:
    """Say whether to walk the graph costs less than to compare all: it leads through everybody's passages."""
    if space.dimensions > vector_spaces.MOST_IN_INDEX or count * ROW_US <= LEAST_STEPS * STEP_US:
        return False
    size = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")
    everybody = max(count, float(conn.execute(size, {"name": space.table}).scalar() or 0))
    steps = max(LEAST_STEPS, most * everybody / max(1, count))
    return steps * STEP_US < count * ROW_US


def _walk(conn: Connection, most: int) -> None:
    """Have PostgreSQL walk the graph, in this transaction, until enough of what is allowed is found."""
    settings = {
        "hnsw.iterative_scan": "strict_order",
        "hnsw.ef_search": str(min(1000, max(200, 4 * most))),
        "hnsw.max_scan_tuples": str(MOST_STEPS),
        "enable_sort": "off",  # to compare all is what was decided against
    }
    each = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    conn.execute(text(f"SELECT {each}"))


def vector_said(vector: Vector) -> str:
    """Write one vector as PostgreSQL reads it."""
    return msgspec.json.encode(vector.astype(np.float16).astype(np.float32).tolist()).decode()
