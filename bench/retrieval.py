"""`python -m bench.retrieval --database URL`: what finding passages takes, beside as many of somebody else.

An empty database is filled first: two people, each with a library of that many passages in 500 documents, in
words of a made-up language, some of them everywhere and most seldom, as in any language. Then the sources of
questions are found in the first one's: by their words alone or, with `--vectors`, by vectors of 384 numbers
too, which are drawn at random, for only what the comparing takes is measured. Each is asked several times
and the quickest counts, for the machine may do other things too. (The CPU is that of this process, without
PostgreSQL's.)
"""

__import__("gevent.monkey").monkey.patch_all()  # as the server is
# ruff: noqa: E402  what is imported later must cooperate

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Connection, create_engine, insert, make_url, select, text, update

from bench.seed import BEGAN, Babble, fast_engine, fill
from chat import addresses
from chat.config import Settings
from chat.core.documents.status import DocumentStatus
from chat.core.likeness import Rows, unit
from chat.core.stems import stems
from chat.core.tally import Tally
from chat.generation.embeddings import Embeddings
from chat.generation.retrieval import Retrieval
from chat.generation.vectors import Vectors
from chat.store import postgres, sqlite, vector_spaces, vectors
from chat.store.document_tables import documents
from chat.store.passage_index import TABLES, Entry, numbers_of, shelf_of, tokens_of
from chat.store.postgres import PostgresStore
from chat.store.sqlite import SqliteStore
from chat.store.tables import conversations, people
from chat.store.transaction import Store, Transaction
from chat.store.vector_spaces import Space
from chat.web.database import migrate

OWNERS = ("ada", "ben")
TALK = "conversation"
DOCUMENTS = 500  # of each
PASSAGE = (100, 170)  # words, from and to
DIMENSIONS = 384
AT_ONCE = 1_000  # passages in one transaction


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.retrieval", description=__doc__)
    parser.add_argument("--database", required=True, help="sqlite:///path or postgresql://…")
    parser.add_argument("--passages", type=int, default=100_000, help="of each of the two")
    parser.add_argument("--rounds", type=int, default=60, help="questions of each kind")
    parser.add_argument("--again", type=int, default=5, help="times that each is asked: the quickest counts")
    parser.add_argument("--vectors", action="store_true", help="find by meaning beside")
    asked = parser.parse_args()
    url = addresses.database(asked.database)
    told: Any = {"database_url": url, "secret_key": "bench"}
    print(migrate(Settings(_env_file=None, **told)))
    babble = Babble()
    _fill(url, babble, asked.passages)
    store = _open(url)
    retrieval = Retrieval(store, _vectors(store, url) if asked.vectors else None)
    for kind, ask in kinds(babble).items():
        print(f"{kind:32} {_measured(retrieval, ask, asked.rounds, asked.again)}", flush=True)


def kinds(babble: Babble) -> dict[str, Callable[[], str]]:
    """Make up questions; word number n of the vocabulary comes about 1/n as often as the first."""
    chance = random.Random(9)

    def words(*ranks: tuple[int, int]) -> Callable[[], str]:
        return lambda: " ".join(babble.vocabulary[chance.randrange(*rank)] for rank in ranks)

    return {
        "a question as people ask": words((20, 200), (100, 1000), (300, 3000), (1000, 10_000)),
        "a word that is everywhere": words((0, 10)),
        "six words that are everywhere": words(*[(0, 30)] * 6),
        "two common words": words((30, 200), (30, 200)),
        "a common and a rare word": words((0, 10), (10_000, 30_000)),
        "a rare word": words((10_000, 30_000)),
        "a long question": words(*[(0, 100)] * 12, *[(100, 3000)] * 12),
        "what is nowhere": lambda: f"qqqq{chance.randrange(1000)}",
    }


class Drawn(Embeddings):
    """Knows a vector for any text at once, without meaning."""

    def __init__(self) -> None:
        self.model = "drawn"
        self._chance = np.random.default_rng(5)

    def embed(self, texts: Sequence[str], within_s: float) -> Rows:
        return unit(self._chance.normal(size=(len(texts), DIMENSIONS)))


def _vectors(store: Store, url: str) -> Vectors:
    """Give what finds by meaning, after the first one's passages have got vectors."""
    drawn = Drawn()
    space = store.write(lambda tx: vector_spaces.open_space(tx, drawn.model, DIMENSIONS, 0))
    graph = f"ix_{space.table}_vector"
    if store.read(_lack):
        if space.by_rows:
            store.write(lambda tx: tx.execute(text(f"DROP INDEX IF EXISTS {graph}")))
        for number in range(DOCUMENTS):
            while store.write(partial(_embed, space=space, drawn=drawn, document_id=f"{OWNERS[0]}{number}")):
                pass
    if space.by_rows:
        index = f"CREATE INDEX IF NOT EXISTS {graph} ON {space.table} USING hnsw (vector halfvec_ip_ops)"
        with create_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for setting in ("statement_timeout = 0", "maintenance_work_mem = '512MB'"):
                connection.execute(text(f"SET {setting}"))
            connection.execute(text(index))
            connection.execute(text("ANALYZE"))
    finder = Vectors(store, drawn, cache_bytes=1 << 30, wait_s=60, now=time.monotonic, tally=Tally())
    began = time.perf_counter()
    finder.nearest(OWNERS[0], TALK, "the first question", 1)
    kind = "pgvector" if space.by_rows else "packed"
    print(f"{kind}; the first: {1000 * (time.perf_counter() - began):.0f} ms", flush=True)
    return finder


def _lack(conn: Connection) -> bool:
    """Say whether passages of the first one lack vectors; those of the other one never get any."""
    its = select(documents.c.id).where(documents.c.owner_id == OWNERS[0])
    return conn.execute(its.where(documents.c.embedded < documents.c.passages).limit(1)).first() is not None


def _embed(tx: Transaction, space: Space, drawn: Drawn, document_id: str) -> bool:
    tx.execute(update(vector_spaces.vector_spaces).values(holder="bench"))
    part = vectors.next_part(tx.conn, document_id, 64)
    if part is None:
        return False
    rows = drawn.embed([""] * len(part.texts), 1)
    vectors.put(tx, space, part, vectors.written(space, rows), process="bench", until=1e12)
    return True


def _open(url: str) -> Store:
    ring: Callable[[set[str]], None] = lambda topics: None  # noqa: E731
    if url.startswith("sqlite:"):
        return SqliteStore(sqlite.prepare(create_engine(url)), ring)
    return PostgresStore(postgres.prepare(create_engine(url, **postgres.engine_options(2))), ring)


def _measured(retrieval: Retrieval, ask: Callable[[], str], rounds: int, again: int) -> str:
    walls, cpus, found = [], [], 0
    for _ in range(rounds):
        question, wall, cpu = ask(), [], []
        for _ in range(again):
            walled, spent = time.perf_counter(), time.process_time()
            sources = retrieval.find(OWNERS[0], TALK, question)
            wall.append(1000 * (time.perf_counter() - walled))
            cpu.append(1000 * (time.process_time() - spent))
        walls.append(min(wall))
        cpus.append(min(cpu))
        found += bool(sources)
    return f"{_spread(walls)} · CPU {_spread(cpus)} · {100 * found // rounds} % found something"


def _spread(found: list[float]) -> str:
    found = sorted(found)
    return f"median {found[len(found) // 2]:5.1f} p95 {found[int(0.95 * len(found)) - 1]:5.1f} ms"


# ── filling ──────────────────────────────────────────────────────────────────────────────────


def _fill(url: str, babble: Babble, many: int) -> None:
    engine = fast_engine(url)
    on_sqlite = make_url(url).get_backend_name() == "sqlite"
    with engine.begin() as connection:
        if connection.execute(text("SELECT 1 FROM documents LIMIT 1")).one_or_none():
            return
        _begin(connection, many)
        if not on_sqlite:
            connection.execute(text("DROP INDEX ix_passage_index_words"))  # made faster when all is there
    began, rows = time.monotonic(), _passages(babble, many)
    while some := list(islice(rows, AT_ONCE)):
        with engine.begin() as connection:
            fill(connection, "passages", [row for row, _ in some])
            fill(connection, "passage_index", [_entry(entry, on_sqlite) for _, entry in some])
    with engine.begin() as connection:
        if not on_sqlite:
            connection.execute(text(TABLES["postgresql"][-1]))
            line = "SELECT setval(pg_get_serial_sequence('passages', 'seq'), max(seq)) FROM passages"
            connection.execute(text(line))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if on_sqlite else "VACUUM ANALYZE"))
    engine.dispose()
    print(f"twice {many} passages in {time.monotonic() - began:.0f} s")


def _begin(connection: Connection, many: int) -> None:
    owner = {"id": TALK, "owner_id": OWNERS[0], "revision": 0, "changed_at_revision": 0}
    at = {"created_at": BEGAN, "updated_at": BEGAN}
    connection.execute(insert(people), [{"id": one, "name": one, "created_at": BEGAN} for one in OWNERS])
    connection.execute(insert(conversations).values(owner | at))
    rows = [
        {
            "id": f"{owner_id}{number}", "owner_id": owner_id, "name": f"Document {number}", "kind": "text",
            "size": 1, "status": DocumentStatus.READY, "passages": many // DOCUMENTS,
            "shelf": shelf_of(owner_id, None), **at,
        }
        for owner_id in OWNERS for number in range(DOCUMENTS)
    ]  # fmt: skip
    connection.execute(insert(documents), rows)


def _passages(babble: Babble, many: int) -> Iterator[tuple[dict[str, Any], Entry]]:
    """Give the rows of both libraries, document by document in turns."""
    seq = 0
    for document in range(DOCUMENTS):
        for owner_id in OWNERS:
            for number in range(1, many // DOCUMENTS + 1):
                seq += 1
                said = babble.say(PASSAGE)
                row = {
                    "seq": seq, "document_id": f"{owner_id}{document}", "number": number, "page": None,
                    "heading": "", "before": "", "text": said,
                }  # fmt: skip
                yield row, Entry(seq, shelf_of(owner_id, None), stems(said, None))


def _entry(entry: Entry, on_sqlite: bool) -> dict[str, Any]:
    tokens = tokens_of(entry)
    if on_sqlite:
        return {"rowid": entry.seq, "words": " ".join(tokens)}
    return {"seq": entry.seq, "words": f"{{{','.join(map(str, numbers_of(tokens)))}}}"}


if __name__ == "__main__":
    main()
