"""Laying down chunks: many rows in one statement, in the way that the database at hand takes fastest."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Integer, String, Text, bindparam, column, func, insert, select

from chat.store.tables import chunks
from chat.store.transaction import Transaction

_KINDS: dict[str, Any] = {"stream_id": String(32), "start": Integer(), "text": Text()}


def _unnested() -> Any:
    """INSERT … SELECT * FROM unnest(…): one statement to plan and one message, however many rows."""
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in _KINDS.items()]
    columns = [column(name, kind) for name, kind in _KINDS.items()]
    rows = func.unnest(*arrays).table_valued(*columns, with_ordinality="place").render_derived(name="rows")
    in_order = select(rows.c.stream_id, rows.c.start, rows.c.text).order_by(rows.c.place)
    return insert(chunks).from_select(list(_KINDS), in_order)


_FROM_ARRAYS = _unnested()


def insert_chunks(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add chunks (`stream_id`, `start`, `text`) in this order: each one's seq is higher than the last's."""
    if not rows:
        return
    if tx.conn.dialect.name == "postgresql":
        tx.execute(_FROM_ARRAYS, {name: [row[name] for row in rows] for name in _KINDS})
    else:
        tx.execute(insert(chunks), rows)
