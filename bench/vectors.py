"""`python -m bench.vectors --database URL`: what it takes to find by meaning, without the embeddings' server.

Fills a database without tables with vectors, drawn at random around some thousand subjects, and asks. Beside
the times: by how much others were late meanwhile, and how many of the truly nearest were found.
"""

__import__("gevent.monkey").monkey.patch_all()  # as the server is
# ruff: noqa: E402  what is imported later must cooperate

import argparse
import time
from collections.abc import Sequence
from typing import Any

import gevent
import numpy as np
from sqlalchemy import Engine, create_engine, insert, select, text, update

from chat import addresses, create_app
from chat.config import Settings
from chat.core.likeness import Rows, nearest, unit
from chat.core.tally import Tally
from chat.generation.embeddings import Embeddings
from chat.generation.vectors import Vectors
from chat.store import conversations, people, vector_spaces, vectors
from chat.store.document_tables import documents, passages
from chat.store.people import Person
from chat.store.transaction import Transaction
from chat.store.vector_spaces import Space
from chat.web.database import migrate
from chat.web.house import EXTENSION, House

ADA = Person("ada", "Ada")
MODEL = "made-up"
SUBJECTS = 2000
SPREAD = 0.6  # of what is said of one subject
AT_ONCE = 64


class Known(Embeddings):
    """Knows the vector of a question at once: its number among those that were made up."""

    def __init__(self, questions: Rows) -> None:
        self.model = MODEL
        self._questions = questions

    def embed(self, texts: Sequence[str], within_s: float) -> Rows:
        return self._questions[[int(one) for one in texts]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.vectors", description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--most", type=int, default=30)
    asked = parser.parse_args()
    told: Any = {
        "database_url": addresses.database(asked.database),
        "secret_key": "bench",
        "log_level": "error",
    }
    settings = Settings(_env_file=None, **told)
    migrate(settings)
    house: House = create_app(settings).extensions[EXTENSION]
    chance = np.random.default_rng(4)
    subjects = unit(chance.normal(size=(SUBJECTS, asked.dimensions)))
    rows = said(chance, subjects, asked.passages)
    questions = said(chance, subjects, asked.rounds + 1)
    began = time.monotonic()
    cid, space = fill(house, create_engine(told["database_url"]), rows, asked.documents)
    print(
        f"filled in {time.monotonic() - began:.0f} s; {'pgvector' if space.by_rows else 'packed'}", flush=True
    )
    finder = Vectors(
        house.store, Known(questions), cache_bytes=settings.vectors_mib << 20, wait_s=60, now=time.monotonic,
        tally=Tally(),
    )  # fmt: skip
    seqs = house.store.read(
        lambda conn: list(conn.execute(select(passages.c.seq).order_by(passages.c.seq)).scalars())
    )
    lateness = Lateness()
    watching = gevent.spawn(lateness.watch)
    times, cpus, answers = [], [], []
    for number in range(asked.rounds + 1):
        began, cpu = time.perf_counter(), time.process_time()
        found = finder.nearest(ADA.id, cid, str(number), asked.most)
        times.append(1000 * (time.perf_counter() - began))
        cpus.append(1000 * (time.process_time() - cpu))
        answers.append(set(found))
        gevent.sleep(0.01)
        if number == 0:
            print(f"cold: {times[0]:.0f} ms; others late by {lateness.worst_ms:.0f} ms at most", flush=True)
            lateness.worst_ms = 0.0
    watching.kill()
    right = 0
    for number, seqs_found in enumerate(answers):
        right += len({seqs[hit.row] for hit in nearest([rows], questions[number], asked.most)} & seqs_found)
    warm, cpus = sorted(times[1:]), sorted(cpus[1:])
    print(
        f"warm: median {warm[len(warm) // 2]:.1f} ms, p95 {warm[int(0.95 * len(warm)) - 1]:.1f} ms; "
        f"CPU of this process {cpus[len(cpus) // 2]:.1f} and {cpus[int(0.95 * len(cpus)) - 1]:.1f} ms; "
        f"others late by {lateness.worst_ms:.0f} ms at most; kept {finder.matrices.bytes >> 20} MiB; "
        f"of the nearest {asked.most} found {100 * right / asked.most / (asked.rounds + 1):.1f} %"
    )


class Lateness:
    """By how much a greenlet wakes later than it asked to."""

    def __init__(self) -> None:
        self.worst_ms = 0.0

    def watch(self) -> None:
        while True:
            began = time.perf_counter()
            gevent.sleep(0.002)
            self.worst_ms = max(self.worst_ms, 1000 * (time.perf_counter() - began) - 2)


def said(chance: np.random.Generator, subjects: Rows, count: int) -> Rows:
    """Make vectors up, each around one subject."""
    which = chance.integers(0, len(subjects), count)
    noise = unit(chance.normal(size=(count, subjects.shape[1])))
    return unit(subjects[which] + SPREAD * noise)


def fill(house: House, engine: Engine, rows: Rows, many: int) -> tuple[str, Space]:
    """Store documents whose passages have these vectors; give a conversation that draws on them."""
    store = house.store
    each = len(rows) // many

    def begin(tx: Transaction) -> str:
        people.ensure(tx, ADA, 0)
        return conversations.create(tx, owner=ADA, now=0).id

    cid = store.write(begin)
    space = store.write(lambda tx: vector_spaces.open_space(tx, MODEL, rows.shape[1], 0))
    graph = f"ix_{space.table}_vector"
    if space.by_rows:
        store.write(lambda tx: tx.execute(text(f"DROP INDEX {graph}")))  # made faster when all is there
    for number in range(many):
        own = rows[number * each : (number + 1) * each]
        store.write(lambda tx, number=number, own=own: _document(tx, number, len(own)))  # type: ignore[misc]
        for after in range(0, len(own), AT_ONCE):
            store.write(lambda tx, number=number, after=after, own=own: _part(tx, space, number, after, own))  # type: ignore[misc]
    if space.by_rows:
        index = f"CREATE INDEX {graph} ON {space.table} USING hnsw (vector halfvec_ip_ops)"
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in (
                "SET statement_timeout = 0",
                "SET maintenance_work_mem = '512MB'",
                index,
                "ANALYZE",
            ):
                connection.execute(text(statement))
    return cid, space


def _document(tx: Transaction, number: int, count: int) -> None:
    row = {
        "id": f"made{number:06}", "owner_id": ADA.id, "name": f"{number}.txt", "kind": "text", "size": 1,
        "status": "ready", "passages": count, "created_at": 0.0, "updated_at": 0.0,
    }  # fmt: skip
    tx.execute(insert(documents).values(row))
    cut = [
        {"document_id": row["id"], "number": at + 1, "heading": "", "before": "", "text": "x"}
        for at in range(count)
    ]
    tx.execute(insert(passages), cut)


def _part(tx: Transaction, space: Space, number: int, after: int, own: Rows) -> None:
    tx.execute(update(vector_spaces.vector_spaces).values(holder="bench"))
    part = vectors.next_part(tx.conn, f"made{number:06}", AT_ONCE)
    assert part is not None
    vectors.put(
        tx, space, part, vectors.written(space, own[after : after + AT_ONCE]), process="bench", until=1e12
    )


if __name__ == "__main__":
    main()
