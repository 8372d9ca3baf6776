"""Spaces of vectors: which model's are in use, where they lie, and which process makes those that lack.

Vectors of two models, or of another number of dimensions, cannot be compared. So each pair has a space of its
own. The newest is in use; what is in an older one is of no use any more, and is erased bit by bit.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.exc import DBAPIError

from chat.store.document_tables import documents, vector_spaces, vectors
from chat.store.transaction import Transaction

LONGEST_KEY = 200  # characters, as the table has them
MOST_IN_INDEX = 4000  # dimensions that pgvector's index takes
MOST_IN_PAGE = 3900  # dimensions of a row that still fits into a page of PostgreSQL's
PGVECTOR = (0, 8)  # the first that goes on looking when the ones it found first are not allowed
NOT_ALLOWED = frozenset({"42501", "42704", "3F000"})  # privilege, or the type is not where we look for it
COME_AGAIN = frozenset({"55P03", "40P01", "57014"})  # somebody holds a lock: no word about the extension


@dataclass(frozen=True, slots=True)
class Space:
    """What can be compared. `by_rows`: in a table of pgvector's, one row a passage; else packed."""

    id: int
    model: str
    dimensions: int
    by_rows: bool

    @property
    def key(self) -> str:
        """What its packed vectors are stored under."""
        return f"{self.id}:{self.model}"[:LONGEST_KEY]

    @property
    def table(self) -> str:
        """Name the table of its rows."""
        return _table(self.id)


def current(conn: Connection) -> Space | None:
    """Give the space in use; None before the first vector came."""
    columns = (vector_spaces.c[name] for name in Space.__slots__)
    row = conn.execute(select(*columns).order_by(vector_spaces.c.id.desc()).limit(1)).one_or_none()
    return Space(*row) if row else None


def open_space(tx: Transaction, model: str, dimensions: int, now: float) -> Space:
    """Take this model's vectors into use, unless they are; from then on every document lacks them."""
    on_postgres = tx.conn.dialect.name == "postgresql"
    if on_postgres:  # who stores into the old space does so before us, or finds out
        tx.execute(text("LOCK TABLE vector_spaces IN EXCLUSIVE MODE"))
    found = current(tx.conn)
    if found is not None and (found.model, found.dimensions) == (model, dimensions):
        return found
    row = {"model": model, "dimensions": dimensions, "by_rows": False, "created_at": now}
    space_id = tx.execute(insert(vector_spaces).values(row).returning(vector_spaces.c.id)).scalar_one()
    # Before the table, which holds up all who write passages: they have their document's row by then.
    tx.execute(update(documents).where(documents.c.embedded > 0).values(embedded=0))
    by_rows = on_postgres and _has_pgvector(tx.conn) and _make_table(tx.conn, space_id, dimensions)
    if by_rows:
        tx.execute(update(vector_spaces).where(vector_spaces.c.id == space_id).values(by_rows=True))
    return Space(space_id, model, dimensions, by_rows)


# ── who makes them ───────────────────────────────────────────────────────────────────────────


def hold(
    tx: Transaction, space: Space, process: str, now: float, until: float, is_dead: Callable[[str], bool]
) -> bool:
    """Let this process alone make what lacks in the space, until then; False: another one does, or it is old.

    Of a holder that is certainly gone the rest of its time does not count.
    """
    holder = tx.execute(select(vector_spaces.c.holder).where(vector_spaces.c.id == space.id)).scalar()
    free = or_(vector_spaces.c.holder.is_(None), vector_spaces.c.held_until < now)
    if holder is not None and (holder == process or is_dead(holder)):
        free = or_(free, vector_spaces.c.holder == holder)
    return _hold(tx, space, free, process, until)


def keep(tx: Transaction, space: Space, process: str, until: float) -> bool:
    """Hold it longer; False when it is another's by now, or old."""
    return _hold(tx, space, vector_spaces.c.holder == process, process, until)


def let_go(tx: Transaction, space: Space, process: str) -> None:
    """Let others have it at once. Doing it twice is harmless."""
    mine = and_(vector_spaces.c.id == space.id, vector_spaces.c.holder == process)
    tx.execute(update(vector_spaces).where(mine).values(holder=None, held_until=None))


def _hold(tx: Transaction, space: Space, free: ColumnElement[bool], process: str, until: float) -> bool:
    newest = select(func.max(vector_spaces.c.id)).scalar_subquery()
    this = and_(vector_spaces.c.id == space.id, vector_spaces.c.id == newest)
    return (
        tx.execute(update(vector_spaces).where(this, free).values(holder=process, held_until=until)).rowcount
        == 1
    )


# ── what is of no use any more ───────────────────────────────────────────────────────────────


def has_old(conn: Connection) -> bool:
    """Say whether `erase_some` has something to do."""
    return len(conn.execute(select(vector_spaces.c.id).limit(2)).all()) > 1


def erase_some(tx: Transaction, most: int) -> bool:
    """Erase some packed vectors of older spaces, or a table of theirs; False when nothing is left."""
    space = current(tx.conn)
    if space is None:
        return False
    older = select(vector_spaces.c.id, vector_spaces.c.by_rows).where(vector_spaces.c.id < space.id)
    old = tx.execute(older.order_by(vector_spaces.c.id).limit(1)).one_or_none()
    if old is None:
        return False
    if not old.by_rows and tx.execute(delete(vectors).where(_some_not_of(space, most))).rowcount:
        return True
    tx.execute(delete(vector_spaces).where(vector_spaces.c.id == old.id))
    if old.by_rows:  # in the order of `open_space`, and of who deletes passages: nobody waits crosswise
        tx.execute(text("LOCK TABLE passages IN ACCESS EXCLUSIVE MODE"))
        tx.execute(text(f"DROP TABLE IF EXISTS {_table(old.id)}"))
    return True


def _some_not_of(space: Space, most: int) -> ColumnElement[bool]:
    """Choose some packed vectors that are not of this space: such a row may hold 100 KB."""
    key = [vectors.c.document_id, vectors.c.model, vectors.c.first]
    return tuple_(*key).in_(select(*key).where(vectors.c.model != space.key).limit(most))


# ── pgvector ─────────────────────────────────────────────────────────────────────────────────


def _table(space_id: int) -> str:
    return f"passage_vectors_{space_id:d}"


def _has_pgvector(conn: Connection) -> bool:
    """Say whether the extension is there, and new enough; where it is only at hand, try to have it made."""
    try:
        with conn.begin_nested():
            conn.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in COME_AGAIN:
            raise
        return False
    version = conn.execute(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")).scalar()
    numbers = [int(part) for part in str(version).split(".")[:2] if part.isdigit()]
    return tuple(numbers) >= PGVECTOR


def _make_table(conn: Connection, space_id: int, dimensions: int) -> bool:
    """Make the table of a space, empty; False when this role may not."""
    name = _table(space_id)
    making = [
        f"CREATE TABLE {name} (seq BIGINT PRIMARY KEY REFERENCES passages (seq) ON DELETE CASCADE, "
        f"document_id VARCHAR(32) NOT NULL, vector HALFVEC({dimensions:d}) NOT NULL)",
        f"CREATE INDEX ix_{name}_document_id ON {name} (document_id)",
    ]
    if dimensions <= MOST_IN_PAGE:  # beside its row, and not in a place of its own that is looked up
        making.append(f"ALTER TABLE {name} ALTER COLUMN vector SET STORAGE PLAIN")
    if dimensions <= MOST_IN_INDEX:
        making.append(f"CREATE INDEX ix_{name}_vector ON {name} USING hnsw (vector halfvec_ip_ops)")
    try:
        with conn.begin_nested():
            for statement in making:
                conn.execute(text(statement))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in NOT_ALLOWED:
            return False
        raise
    return True
