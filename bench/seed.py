"""`python -m bench.seed --database URL`: fill an empty database with conversations, as if people had talked.

The texts are words of a made-up language, some of them everywhere and most seldom, as in any language. All of
them are indexed. With `--people 1` everything belongs to one person.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, make_url, text

from chat import addresses
from chat.config import Settings
from chat.core.searching import words
from chat.store import sqlite
from chat.store.search_index import TABLES, Entry, written
from chat.store.tables import conversations, people
from chat.web.database import migrate

VOCABULARY = 30_000
SYLLABLES = (
    "ba",
    "de",
    "fi",
    "go",
    "lu",
    "mar",
    "nor",
    "pes",
    "qui",
    "rin",
    "sal",
    "tor",
    "ven",
    "wis",
    "xan",
    "zel",
)
QUESTION, ANSWER = (5, 20), (30, 130)  # words, from and to
BEGAN = 1_700_000_000.0
AT_ONCE = 100  # conversations in one transaction


class Babble:
    """Speaks at random, the same each time; word number n comes about 1/n as often as the first."""

    def __init__(self) -> None:
        self._random = random.Random(4)
        self.vocabulary = [_word(number) for number in range(VOCABULARY)]
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))

    def say(self, length: tuple[int, int]) -> str:
        said = self._random.choices(
            self.vocabulary, cum_weights=self._weights, k=self._random.randint(*length)
        )
        return " ".join(said).capitalize() + "."


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.seed", description=__doc__)
    parser.add_argument("--database", required=True, help="sqlite:///path or postgresql://…, without tables")
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=100)
    asked = parser.parse_args()
    began = time.monotonic()
    told: Any = {"database_url": addresses.database(asked.database), "secret_key": "for seeding"}
    print(migrate(Settings(_env_file=None, **told)))
    seed(addresses.database(asked.database), asked.conversations, asked.messages, asked.people)
    print(f"{asked.messages} messages in {time.monotonic() - began:.0f} s")


def seed(url: str, many_conversations: int, many_messages: int, many_people: int) -> None:
    """Write them, oldest first, each conversation of the next person."""
    engine = fast_engine(url)
    on_sqlite = make_url(url).get_backend_name() == "sqlite"
    babble, turns = Babble(), max(1, many_messages // many_conversations // 2)
    with engine.begin() as connection:
        connection.execute(insert(people), [_person(number) for number in range(many_people)])
        if not on_sqlite:
            connection.execute(text("DROP INDEX ix_search_words"))  # made faster when all is there
    seq = 0
    for first in range(0, many_conversations, AT_ONCE):
        with engine.begin() as connection:
            for number in range(first, min(first + AT_ONCE, many_conversations)):
                seq = _converse(connection, babble, number, number % many_people, turns, seq)
    with engine.begin() as connection:
        if not on_sqlite:
            connection.execute(text(TABLES["postgresql"][1]))
            for table in ("conversations", "messages"):
                line = f"SELECT setval(pg_get_serial_sequence('{table}', 'seq'), max(seq)) FROM {table}"
                connection.execute(text(line))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def fast_engine(url: str) -> Engine:
    """Give an engine that fills a database and does not mind power cuts."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        sqlite.prepare(engine)
        event.listen(engine, "connect", _hurry)
    return engine


def _hurry(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")  # nothing is lost that cannot be made again
    connection.execute("PRAGMA cache_size = -200000")


def _word(number: int) -> str:
    said = ""
    while True:
        number, syllable = divmod(number, len(SYLLABLES))
        said += SYLLABLES[syllable]
        if not number:
            return said


def _person(number: int) -> dict[str, Any]:
    return {"id": person_id(number), "name": f"Person {number}", "created_at": BEGAN}


def person_id(number: int) -> str:
    return f"seeded{number:06}"


def _converse(connection: Connection, babble: Babble, number: int, owner: int, turns: int, seq: int) -> int:
    cid, begun = f"seeded{number:010}", BEGAN + number * 1000
    rows = list(_rows(babble, cid, person_id(owner), owner, turns, seq, begun))
    connection.execute(
        insert(conversations).values(
            id=cid,
            owner_id=person_id(owner),
            title=babble.say((2, 6))[:-1] if number % 3 else None,
            revision=turns,
            changed_at_revision=1,
            created_at=begun,
            updated_at=begun + turns,
        )
    )
    answers = [row["stream"] for row in rows if row["stream"]]
    said = [(row["message"], row["said"]) for row in rows]
    fill(connection, "streams", answers)
    fill(connection, "messages", [message for message, _ in said])
    entries = [Entry(row["seq"], person_id(owner), cid, words(text)) for row, text in said]
    kind = connection.dialect.name
    key = "rowid" if kind == "sqlite" else "seq"
    index = [{key: entry.seq, "words": written(entry, kind)} for entry in entries]
    fill(connection, "search", index)
    return seq + len(rows)


def _rows(
    babble: Babble, cid: str, owner_id: str, owner: int, turns: int, seq: int, begun: float
) -> Iterator[dict[str, Any]]:
    parent = None
    for turn in range(2 * turns):
        seq += 1
        is_answer = turn % 2 == 1
        said = babble.say(ANSWER if is_answer else QUESTION)
        at, mid = begun + turn / 2, f"m{seq:015}"
        stream_id = f"s{seq:015}" if is_answer else None
        message = {
            "seq": seq,
            "id": mid,
            "conversation_id": cid,
            "parent_id": parent,
            "role": "assistant" if is_answer else "user",
            "author_id": None if is_answer else owner_id,
            "author_name": None if is_answer else f"Person {owner}",
            "text": None if is_answer else said,
            "status": "done",
            "stream_id": stream_id,
            "model": "seeded" if is_answer else None,
            "citations": [],
            "revision": turn // 2 + 1,
            "created_at": at,
        }
        stream = {
            "id": stream_id,
            "status": "done",
            "epoch": 1,
            "bases": [0],
            "text": said,
            "length": len(said),
            "chunk_by": "sentence",
            "created_at": at,
            "ended_at": at,
        }
        parent = mid
        yield {"message": message, "stream": stream if is_answer else None, "said": said}


def fill(connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
    """Write many rows in the fastest way that the database has."""
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(rows[0]))
        line = f"INSERT INTO {name} ({', '.join(rows[0])}) VALUES ({marks})"
        raw: Any = connection.connection.dbapi_connection
        raw.executemany(line, [tuple(map(_plain, row.values())) for row in rows])
        return
    raw = connection.connection.dbapi_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {name} ({', '.join(rows[0])}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(tuple(map(_plain, row.values())))


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


if __name__ == "__main__":
    main()
