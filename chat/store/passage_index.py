"""The index of passages' words: which passages hold them. FTS5 on SQLite, a GIN index on PostgreSQL.

Each word stands on a *shelf*: that of one library, or of one conversation's documents. So a question costs
what is on the shelves it looks at, however much others have. Beside the words of all passages, those of some
passages stand once more, as a sample: how common a word is can be told by counting there. And a word that a
passage has more than once stands there a second time. Where in a passage a word is, the index does not know:
the ranking reads the passages themselves, once there are few (see `chat.core.ranking`).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import DDL, Connection, event, text

from chat.store.tables import metadata

Seqs = NDArray[np.int64]

SAMPLE = 256  # one passage of so many is in the sample
EACH, SOME, TWICE = "", "·", "×"  # marks between shelf and word; no word begins with the latter
MERGED_PAGES = 48  # in one step, of 4 KiB
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
SHELF_DIGITS = 5  # two on one shelf do no harm: whose a passage is, is asked in the end

TABLES = {
    # The ascii tokenizer splits at nothing but what we put between words. Neither sizes nor places are kept.
    "sqlite": (
        "CREATE VIRTUAL TABLE IF NOT EXISTS passage_index "
        "USING fts5(words, tokenize='ascii', columnsize=0, detail=none)",
        # Of itself it would merge what was written when somebody writes, and now and then for a tenth of a
        # second: `merge_some` does that in steps. Should nobody call it, it is done after so many writes.
        "INSERT INTO passage_index (passage_index, rank) VALUES ('automerge', 0)",
        "INSERT INTO passage_index (passage_index, rank) VALUES ('crisismerge', 64)",
    ),
    # Words as numbers: a row is a third as long, and as many more of them are read at once. What two words
    # share a number does no harm either: the ranking reads for itself.
    "postgresql": (
        "CREATE TABLE IF NOT EXISTS passage_index (seq BIGINT PRIMARY KEY, words INTEGER[] NOT NULL)",
        # The planner would think of reading the whole table, for a word that is common on another shelf.
        "ALTER TABLE passage_index ALTER COLUMN words SET STATISTICS 0",
        "CREATE INDEX IF NOT EXISTS ix_passage_index_words ON passage_index USING gin (words) "
        "WITH (fastupdate = off)",
    ),
}

for dialect, statements in TABLES.items():
    for statement in statements:
        made = DDL(statement)  # type: ignore[no-untyped-call]
        event.listen(metadata, "after_create", made.execute_if(dialect=dialect))


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as the index has it; `words`: each as often as it is there."""

    seq: int
    shelf: str
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is looked for: any form of each of these terms, under one of the marks."""

    terms: tuple[tuple[str, ...], ...]
    mark: str = EACH


def put(conn: Connection, entries: Sequence[Entry]) -> None:
    """Index passages which have no row there yet."""
    if not entries:
        return
    if _on_sqlite(conn):
        insert = "INSERT INTO passage_index (rowid, words) VALUES (:seq, :words)"
        rows: list[dict[str, Any]] = [
            {"seq": entry.seq, "words": " ".join(tokens_of(entry))} for entry in entries
        ]
    else:
        insert = "INSERT INTO passage_index (seq, words) VALUES (:seq, CAST(:words AS integer[]))"
        rows = [{"seq": entry.seq, "words": numbers_of(tokens_of(entry))} for entry in entries]
    conn.execute(text(insert), rows)


def take_out(conn: Connection, seqs: Iterable[int]) -> None:
    """Take passages out of the index; those that are not in it are passed over."""
    rows = [{"seq": seq} for seq in seqs]
    key = "rowid" if _on_sqlite(conn) else "seq"
    if rows:
        conn.execute(text(f"DELETE FROM passage_index WHERE {key} = :seq"), rows)


def merge_some(conn: Connection) -> bool:
    """Do one step of what `put` and `take_out` leave to be merged; False when nothing is left.

    Of some 10 ms at most. PostgreSQL sees to that by itself.
    """
    if not _on_sqlite(conn):
        return False
    changes = text("SELECT total_changes()")
    before = conn.execute(changes).scalar_one()
    merge = "INSERT INTO passage_index (passage_index, rank) VALUES ('merge', :pages)"
    conn.execute(text(merge), {"pages": MERGED_PAGES})
    # The statement itself is one change; see FTS5's manual, "The 'merge' Command".
    return int(conn.execute(changes).scalar_one() - before) > 1


def count(conn: Connection, shelves: Sequence[str], terms: Sequence[tuple[str, ...]]) -> list[int]:
    """Say about how many passages on these shelves hold each term, by the sample: a rare one is in 0."""
    if not terms or not shelves:
        return [0] * len(terms)
    looked = [_said(conn, Lookup((term,), SOME), shelves) for term in terms]
    parts = (f"(SELECT count(*) FROM passage_index WHERE {where})" for where in _wheres(conn, looked))
    row = conn.execute(text(f"SELECT {', '.join(parts)}"), _values(looked)).one()
    return [SAMPLE * int(found) for found in row]


def find(conn: Connection, shelves: Sequence[str], lookups: Sequence[Lookup], most: int) -> list[Seqs]:
    """List the passages on these shelves that hold what is looked for, at most so many for each."""
    if not lookups or not shelves:
        return [np.empty(0, np.int64) for _ in lookups]
    looked = [_said(conn, lookup, shelves) for lookup in lookups]
    if _on_sqlite(conn):
        part = "(SELECT json_group_array(rowid) FROM (SELECT rowid FROM passage_index WHERE {} LIMIT :most))"
        read: Callable[[Any], Seqs] = _from_json
    else:
        part = (
            "(SELECT string_agg(int8send(seq), ''::bytea) "
            "FROM (SELECT seq FROM passage_index WHERE {} LIMIT :most) AS found)"
        )
        read = _from_bytes
    parts = (part.format(where) for where in _wheres(conn, looked))
    row = conn.execute(text(f"SELECT {', '.join(parts)}"), {**_values(looked), "most": most}).one()
    return [read(found) for found in row]


def shelf_of(owner_id: str, conversation_id: str | None) -> str:
    """Name the shelf of somebody's library, or of a conversation's documents."""
    whose = f"library {owner_id}" if conversation_id is None else f"conversation {conversation_id}"
    number = int.from_bytes(blake2b(whose.encode(), digest_size=8).digest())
    found = ""
    for _ in range(SHELF_DIGITS):
        number, digit = divmod(number, len(DIGITS))
        found = DIGITS[digit] + found
    return found


def tokens_of(entry: Entry) -> list[str]:
    """Write an entry's words as they stand in the index, with their shelf and marks."""
    counts = Counter(entry.words)
    found = [entry.shelf + word for word in counts]
    found += [entry.shelf + TWICE + word for word, often in counts.items() if often > 1]
    if entry.seq % SAMPLE == 0:
        found += [entry.shelf + SOME + word for word in counts]
    return found


def numbers_of(tokens: Iterable[str]) -> list[int]:
    """Write tokens as PostgreSQL's index has them."""
    return [int.from_bytes(blake2b(token.encode(), digest_size=4).digest(), signed=True) for token in tokens]


def _said(conn: Connection, lookup: Lookup, shelves: Sequence[str]) -> list[Any]:
    """Write what one look-up asks for as the database takes it: SQLite as one value, PostgreSQL by term."""
    forms = [[shelf + lookup.mark + form for shelf in shelves for form in term] for term in lookup.terms]
    if _on_sqlite(conn):
        either = (" OR ".join(f'"{token}"' for token in tokens) for tokens in forms)
        return [" AND ".join(f"({tokens})" for tokens in either)]
    return [numbers_of(tokens) for tokens in forms]


def _wheres(conn: Connection, looked: Sequence[Sequence[Any]]) -> list[str]:
    one = "passage_index MATCH {}" if _on_sqlite(conn) else "words && CAST({} AS integer[])"
    return [
        " AND ".join(one.format(f":said_{at}_{part}") for part in range(len(said)))
        for at, said in enumerate(looked)
    ]


def _values(looked: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {f"said_{at}_{part}": value for at, said in enumerate(looked) for part, value in enumerate(said)}


def _from_json(found: str) -> Seqs:
    return np.array(json.loads(found), np.int64)


def _from_bytes(found: bytes | None) -> Seqs:
    return np.frombuffer(bytes(found or b""), ">i8").astype(np.int64)


def _on_sqlite(conn: Connection) -> bool:
    return conn.dialect.name == "sqlite"
