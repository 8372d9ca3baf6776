"""Insert a row, or change the one with its key: one statement, on either database."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from chat.store.transaction import Transaction

_INSERT: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(tx: Transaction, table: Table, row: Mapping[str, Any], adding: Collection[str] = ()) -> None:
    """Store `row`; where its primary key is there, overwrite the rest, and add to those in `adding`."""
    insert = _INSERT[tx.conn.dialect.name](table).values(row)
    keys = [column.name for column in table.primary_key]
    rest = {name: insert.excluded[name] for name in row if name not in keys}
    summed = {name: table.c[name] + insert.excluded[name] for name in adding}
    tx.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest | summed))
