"""Another model's vectors are taken into use while documents are erased: nobody waits crosswise."""

from functools import partial

import gevent
from sqlalchemy import create_engine, text, update

from chat.store import documents, erasing, vector_spaces
from chat.store.document_tables import documents as documents_table
from chat.store.transaction import Transaction
from tests.server_promises.waiting import until
from tests.store.library import ready
from tests.store.talk import Talk

MODELS = 4
PASSAGES = [f"The river of passage {number} runs to the sea." for number in range(60)]


def test_to_take_another_model_into_use_and_to_erase_never_meet_in_a_deadlock(postgres_url: str) -> None:
    with Talk(postgres_url) as talk:
        talk.write(vector_spaces.open_space, "model 0", 8, talk.now)
        for number in range(1, MODELS + 1):
            gone = [ready(talk, *PASSAGES) for _ in range(2)]
            talk.write(_embed)
            for one in gone:
                talk.write(documents.delete, one.id)
            at_once = [gevent.spawn(_erase, talk, one.id) for one in gone]
            at_once.append(gevent.spawn(talk.write, vector_spaces.open_space, f"model {number}", 8, talk.now))
            at_once.append(gevent.spawn(_erase_old, talk))
            gevent.joinall(at_once, raise_error=True)
    assert _deadlocks(postgres_url) == 0


def _embed(tx: Transaction) -> None:
    tx.execute(update(documents_table).values(embedded=documents_table.c.passages))


def _erase(talk: Talk, document_id: str) -> None:
    while talk.write(erasing.erase_some, document_id, talk.now, 0):
        gevent.sleep(0)


def _erase_old(talk: Talk) -> None:
    for _ in range(3):
        talk.store.write(partial(vector_spaces.erase_some, most=20))


def _deadlocks(url: str) -> int:
    """Say how many this database has seen; sessions tell of theirs when they end."""
    others = text("SELECT count(*) FROM pg_stat_activity"
                  " WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
    counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        until(lambda: not connection.execute(others).scalar_one())
        return int(connection.execute(counted).scalar_one())
