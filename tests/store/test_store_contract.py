"""What every store promises: whole transactions, snapshots, bells by commit, errors told to who wrote."""

from collections.abc import Iterator

import gevent
import pytest
from sqlalchemy import insert, select

from chat.store.chunk_rows import insert_chunks
from chat.store.tables import chunks, metadata, people
from chat.store.transaction import Store, Transaction
from tests.patience import PATIENCE_S
from tests.store.talk import open_store

Rung = list[set[str]]


@pytest.fixture
def rung() -> Rung:
    return []


@pytest.fixture
def store(database_url: str, rung: Rung) -> Iterator[Store]:
    made = open_store(database_url, rung.append)
    made.write(lambda tx: metadata.create_all(tx.conn))
    rung.clear()
    yield made
    made.close()


def add(name: str, topic: str = "t"):
    def write(tx: Transaction) -> str:
        tx.execute(insert(people), {"id": name, "name": name, "created_at": 0.0})
        tx.ring(topic)
        return name

    return write


def names(store: Store) -> set[str]:
    return set(store.read(lambda conn: conn.execute(select(people.c.id)).scalars()))


def test_a_write_is_there_when_it_returns_and_then_its_bell_rings(store: Store, rung: Rung) -> None:
    assert store.write(add("ada", "people")) == "ada"
    assert names(store) == {"ada"}
    gevent.sleep(0)
    assert rung == [{"people"}]


def test_who_is_rung_finds_what_was_written(database_url: str, store: Store) -> None:
    found: list[set[str]] = []
    other = open_store(database_url, lambda topics: found.append(names(store)))
    other.write(add("ada"))
    gevent.sleep(0)
    assert found == [{"ada"}]
    other.close()


def test_what_fails_is_told_to_who_wrote_and_leaves_nothing(store: Store, rung: Rung) -> None:
    def broken(tx: Transaction) -> None:
        add("never", "never")(tx)
        raise LookupError("no")

    with pytest.raises(LookupError):
        store.write(broken)
    gevent.sleep(0)
    assert names(store) == set()
    assert set().union(*rung) == set()
    assert store.write(add("ada")) == "ada"


def test_a_read_sees_one_state_however_often_it_looks(store: Store) -> None:
    def look_twice(conn):
        before = conn.execute(select(people)).all()
        write = gevent.spawn(store.write, add("late"))
        write.join(PATIENCE_S)
        assert write.ready(), "a reader does not hold up the writer"
        return before, conn.execute(select(people)).all()

    before, after = store.read(look_twice)
    assert before == after == []
    assert names(store) == {"late"}


def test_many_write_at_once_and_each_is_stored(store: Store) -> None:
    writes = [gevent.spawn(store.write, add(f"p{number}")) for number in range(100)]
    gevent.joinall(writes, timeout=PATIENCE_S, raise_error=True)
    assert [write.value for write in writes] == [f"p{number}" for number in range(100)]
    assert len(names(store)) == 100


def test_a_read_that_fails_takes_no_connection_with_it(store: Store) -> None:
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            store.read(lambda conn: 1 / 0)
    assert names(store) == set()


def test_closing_twice_is_harmless_and_then_it_takes_no_more(store: Store) -> None:
    store.write(add("ada"))
    store.close()
    store.close()
    with pytest.raises(RuntimeError):
        store.write(add("bob"))


def test_chunks_are_laid_down_in_order_whatever_they_hold(store: Store) -> None:
    texts = [
        "plain",
        "",
        "a 'quote', {braces}, \\ and \"more\"",
        "naïve 👩‍🚀 水",
        "NULL",
        "two\nlines\t",
    ] * 20
    rows = [{"stream_id": "s", "start": start, "text": text} for start, text in enumerate(texts)]
    store.write(lambda tx: insert_chunks(tx, rows))
    store.write(lambda tx: insert_chunks(tx, []))
    by_seq = select(chunks.c.start, chunks.c.text).order_by(chunks.c.seq)
    assert store.read(lambda conn: conn.execute(by_seq).all()) == list(enumerate(texts))
