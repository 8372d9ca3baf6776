"""The index of words: which messages hold them, newest first. FTS5 on SQLite, a GIN index on PostgreSQL.

Each word stands on a *shelf* of its own: that of one owner and one era (some ten thousand messages). So a
word that everybody writes costs only what this owner wrote of it, and the newest hits are found by looking
at the newest shelf alone, however many there are behind it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import DDL, Connection, event, text

from chat.core.searching import Query, Term
from chat.store.tables import metadata

ERA = 1 << 15  # messages
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
OWNER_DIGITS, ERA_DIGITS = 3, 2  # two owners on one shelf do no harm: whose a hit is, is asked in the end
POSITIONS = 16_383  # that PostgreSQL tells apart; further words are found, but not as phrases

TABLES = {
    # The ascii tokenizer splits at nothing but what we put between words: of what is beyond ASCII, nowhere.
    # The columns' sizes would be of use to a ranking alone.
    "sqlite": (
        "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(words, tokenize='ascii', columnsize=0)",
    ),
    "postgresql": (
        "CREATE TABLE IF NOT EXISTS search (seq BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
        # Without a list of what is still to be sorted in, which every search would have to read through.
        "CREATE INDEX IF NOT EXISTS ix_search_words ON search USING gin (words) WITH (fastupdate = off)",
    ),
}

for dialect, statements in TABLES.items():
    for statement in statements:
        made = DDL(statement)  # type: ignore[no-untyped-call]
        event.listen(metadata, "after_create", made.execute_if(dialect=dialect))


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as the index has it."""

    seq: int
    owner_id: str
    conversation_id: str
    words: Sequence[str]


def put(conn: Connection, entries: Sequence[Entry]) -> None:
    """Index messages which have no row there yet."""
    if _on_sqlite(conn):
        insert = "INSERT INTO search (rowid, words) VALUES (:seq, :words)"
    else:
        insert = "INSERT INTO search (seq, words) VALUES (:seq, CAST(:words AS tsvector))"
    rows = [{"seq": entry.seq, "words": written(entry, conn.dialect.name)} for entry in entries]
    if rows:
        conn.execute(text(insert), rows)


def written(entry: Entry, dialect: str) -> str:
    """Write the words of an entry as this kind of database takes them."""
    shelf, place = shelf_of(entry.owner_id, era_of(entry.seq)), place_of(entry.conversation_id)
    if dialect == "sqlite":
        return " ".join((place, *(shelf + word for word in entry.words)))
    return _tsvector(shelf, place, entry.words)


def take_out(conn: Connection, seqs: Iterable[int]) -> None:
    """Take messages out of the index; those that are not in it are passed over."""
    rows = [{"seq": seq} for seq in seqs]
    key = "rowid" if _on_sqlite(conn) else "seq"
    if rows:
        conn.execute(text(f"DELETE FROM search WHERE {key} = :seq"), rows)


def find(
    conn: Connection,
    query: Query,
    owner_id: str,
    *,
    eras: Sequence[int],
    below: int,
    limit: int,
    within: Sequence[str] = (),
) -> list[int]:
    """List the messages of an owner, in these eras, that hold all of the query, newest first.

    `below`: only those with a smaller seq. `within`: only those of these conversations.
    """
    write = _match if _on_sqlite(conn) else _tsquery
    said = write(query, [shelf_of(owner_id, era) for era in eras], [place_of(one) for one in within])
    if _on_sqlite(conn):
        ask = (
            "SELECT rowid FROM search WHERE search MATCH :said AND rowid < :below "
            "ORDER BY rowid DESC LIMIT :most"
        )
    else:
        # Apart from the limit: with it PostgreSQL would rather read all messages backwards and hope.
        ask = (
            "WITH found AS MATERIALIZED (SELECT seq FROM search WHERE words @@ CAST(:said AS tsquery)) "
            "SELECT seq FROM found WHERE seq < :below ORDER BY seq DESC LIMIT :most"
        )
    values: Mapping[str, object] = {"said": said, "below": below, "most": limit}
    return list(conn.execute(text(ask), values).scalars())


def era_of(seq: int) -> int:
    return seq // ERA


def shelf_of(owner_id: str, era: int) -> str:
    """Name a shelf: what each of its words begins with."""
    owner = int.from_bytes(blake2b(owner_id.encode(), digest_size=4).digest())
    return _digits(owner, OWNER_DIGITS) + _digits(era, ERA_DIGITS)


def place_of(conversation_id: str) -> str:
    """Name a conversation as one more word of its messages; longer than any shelf's own."""
    return blake2b(conversation_id.encode(), digest_size=8).hexdigest()


def _digits(number: int, length: int) -> str:
    found = ""
    for _ in range(length):
        number, digit = divmod(number, len(DIGITS))
        found = DIGITS[digit] + found
    return found


def _on_sqlite(conn: Connection) -> bool:
    return conn.dialect.name == "sqlite"


def _tsvector(shelf: str, place: str, words: Sequence[str]) -> str:
    """Write a tsvector ourselves: PostgreSQL's own idea of a word depends on the database's locale."""
    places: dict[str, list[str]] = {}
    for at, word in enumerate(words[:POSITIONS], 1):
        places.setdefault(word, []).append(str(at))
    lexemes = (f"'{shelf}{word}':{','.join(at)}" for word, at in places.items())
    return " ".join((f"'{place}'", *lexemes))


def _match(query: Query, shelves: Sequence[str], places: Sequence[str]) -> str:
    """Write an FTS5 expression; of what somebody typed only folded words are in it, in quotes."""
    found = " OR ".join(f"({' AND '.join(_phrase(term, shelf) for term in query)})" for shelf in shelves)
    if not places:
        return found
    either = " OR ".join(f'"{place}"' for place in places)
    return f"({found}) AND ({either})"


def _phrase(term: Term, shelf: str) -> str:
    return f'"{" ".join(shelf + word for word in term.words)}"{"*" if term.prefix else ""}'


def _tsquery(query: Query, shelves: Sequence[str], places: Sequence[str]) -> str:
    found = " | ".join(f"({' & '.join(_neighbours(term, shelf) for term in query)})" for shelf in shelves)
    if not places:
        return found
    either = " | ".join(f"'{place}'" for place in places)
    return f"({found}) & ({either})"


def _neighbours(term: Term, shelf: str) -> str:
    said = " <-> ".join(f"'{shelf}{word}'" for word in term.words)
    return f"({said}{':*' if term.prefix else ''})"
