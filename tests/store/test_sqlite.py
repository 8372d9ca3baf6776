"""The SQLite store: whole transactions, snapshots, and bells that ring by commit."""

from pathlib import Path

import gevent
import pytest
from gevent.monkey import get_original
from sqlalchemy import Connection, create_engine, insert, select, text
from sqlalchemy.exc import OperationalError

from chat.store.sqlite import SqliteStore, prepare
from chat.store.tables import metadata, people
from chat.store.transaction import Transaction
from tests.patience import PATIENCE_S

Rung = list[set[str]]


@pytest.fixture
def rung() -> Rung:
    return []


@pytest.fixture
def store(tmp_path: Path, rung: Rung) -> SqliteStore:
    made = SqliteStore(prepare(create_engine(f"sqlite:///{tmp_path}/test.sqlite3")), rung.append)
    made.write(lambda tx: metadata.create_all(tx.conn))
    rung.clear()
    return made


def add(name: str, topic: str = "t"):
    def write(tx: Transaction) -> str:
        tx.execute(insert(people), {"id": name, "name": name, "created_at": 0.0})
        tx.ring(topic)
        return name

    return write


def closed_gate():
    """Make a lock of the system's, on which a native thread waits until it is released here."""
    gate = get_original("_thread", "allocate_lock")()
    gate.acquire()
    return gate


def names(store: SqliteStore) -> set[str]:
    return store.read(names_of)


def names_of(conn: Connection) -> set[str]:
    return set(conn.execute(select(people.c.id)).scalars())


def test_a_write_is_there_when_write_returns_and_then_its_bell_rings(store: SqliteStore, rung: Rung):
    assert store.write(add("ada", "people")) == "ada"
    assert names(store) == {"ada"}
    gevent.sleep(0)
    assert rung == [{"people"}]


def test_one_write_that_fails_takes_no_other_with_it(store: SqliteStore, rung: Rung):
    def broken(tx: Transaction) -> None:
        add("never", "never")(tx)
        raise RuntimeError("no")

    writes = [gevent.spawn(store.write, fn) for fn in (add("ada"), broken, add("bob"))]
    gevent.joinall(writes)
    assert isinstance(writes[1].exception, RuntimeError)
    assert names(store) == {"ada", "bob"}
    gevent.sleep(0)
    assert set().union(*rung) == {"t"}


def test_a_write_that_fills_the_disk_fails_with_all_that_shared_its_commit(store: SqliteStore, rung: Rung):
    def too_much(tx: Transaction) -> None:
        add("x" * 200_000)(tx)

    def limit(tx: Transaction) -> None:
        pages = tx.conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")

    store.write(limit)
    writes = [gevent.spawn(store.write, fn) for fn in (add("ada"), too_much, add("bob"))]
    gevent.joinall(writes)
    kept = {write.value for write in writes if write.successful()}
    assert kept == names(store) == set()
    assert store.write(add("cid")) == "cid"
    assert names(store) == {"cid"}


def test_whatever_breaks_on_the_thread_is_told_to_who_wrote(store: SqliteStore, monkeypatch):
    def broken(_jobs: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch, gevent.Timeout(PATIENCE_S):
        patch.setattr(store, "_commit", broken)
        with pytest.raises(MemoryError):
            store.write(add("ada"))
    assert store.write(add("bob")) == "bob"


def test_closing_finishes_what_waits_and_takes_no_more(store: SqliteStore):
    write = gevent.spawn(store.write, add("ada"))
    gevent.sleep(0)
    store.close()
    with gevent.Timeout(PATIENCE_S):
        assert write.get() == "ada"
    with pytest.raises(RuntimeError):
        store.write(add("bob"))


def test_writes_that_wait_together_share_a_commit(store: SqliteStore, rung: Rung):
    gate = closed_gate()
    first = gevent.spawn(store.write, lambda tx: gate.acquire(timeout=PATIENCE_S))
    gevent.sleep(0)
    writes = [gevent.spawn(store.write, add(f"p{n}")) for n in range(50)]
    gevent.sleep(0)
    assert not first.ready()
    gate.release()
    gevent.joinall([first, *writes], raise_error=True)
    assert len(names(store)) == 50
    gevent.sleep(0)
    assert rung == [set(), {"t"}]


def test_a_read_sees_one_state_however_often_it_looks(store: SqliteStore):
    def look_twice(conn):
        before = conn.execute(select(people)).all()
        write = gevent.spawn(store.write, add("late"))
        write.join(PATIENCE_S)
        assert write.ready(), "a reader does not hold up the writer"
        return before, conn.execute(select(people)).all()

    before, after = store.read(look_twice)
    assert before == after == []
    assert names(store) == {"late"}


def test_the_hub_runs_while_a_commit_is_slow(store: SqliteStore):
    gate = closed_gate()

    def slow(tx: Transaction) -> None:
        assert gate.acquire(timeout=PATIENCE_S), "the hub stands still"

    write = gevent.spawn(store.write, slow)
    for _ in range(6):
        gevent.sleep(0.005)
    assert not write.ready()
    gate.release()
    write.get()


def test_the_hub_runs_while_a_long_read_is_apart(store: SqliteStore):
    began: list[bool] = []
    gate = closed_gate()

    def look_twice(conn: Connection) -> set[str]:
        before = names_of(conn)
        began.append(True)
        assert gate.acquire(timeout=PATIENCE_S), "the hub stands still"
        assert names_of(conn) == before, "one state, however often it looks"
        return before

    read = gevent.spawn(store.read_apart, look_twice)
    while not began:
        gevent.sleep(0.001)
    store.write(add("late"))
    gate.release()
    assert read.get() == set()
    assert store.read_apart(names_of) == names(store) == {"late"}


def test_what_a_read_apart_raises_is_raised_and_the_next_one_reads(store: SqliteStore):
    with pytest.raises(OperationalError, match="no such table"):
        store.read_apart(lambda conn: conn.execute(text("SELECT 1 FROM nowhere")))
    assert store.read_apart(names_of) == set()


def test_it_is_durable_against_power_loss(store: SqliteStore):
    pragmas = store.write(
        lambda tx: [tx.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous")]
    )
    assert pragmas == ["wal", 2]


def test_closing_twice_is_harmless(store: SqliteStore):
    store.write(add("ada"))
    store.close()
    store.close()
