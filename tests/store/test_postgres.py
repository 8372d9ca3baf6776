"""The PostgreSQL store: real concurrency, greenlets that wait, and a server that goes and comes back."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import gevent
import psycopg
import pytest
from gevent.event import Event
from sqlalchemy import event, insert, select, text, update

from chat.addresses import database, libpq
from chat.core.log import StoreAway
from chat.store import people as who
from chat.store import postgres
from chat.store.people import Person
from chat.store.postgres import PostgresStore, lease_clock
from chat.store.revisions import Refused, check
from chat.store.tables import metadata, people
from chat.store.transaction import Transaction
from tests.patience import PATIENCE_S
from tests.services import Postgres, fresh_database
from tests.store.talk import open_store


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    yield from made_at(postgres_url)


@pytest.fixture(scope="module")
def own_server() -> Iterator[Postgres]:
    """A server that tests may stop."""
    with Postgres() as server:
        yield server


@pytest.fixture
def away(own_server: Postgres) -> Iterator[PostgresStore]:
    """A store on that server."""
    with fresh_database(own_server.address) as url:
        yield from made_at(url.replace("postgresql://", "postgresql+psycopg://"))


def made_at(url: str, connections: int = 2) -> Iterator[PostgresStore]:
    made = open_store(url, lambda topics: None, connections)
    made.write(lambda tx: metadata.create_all(tx.conn))
    made.write(lambda tx: tx.execute(insert(people), {"id": "ada", "name": "Ada", "created_at": 0.0}))
    assert isinstance(made, PostgresStore)
    yield made
    made.close()


def name(store: PostgresStore) -> str:
    return str(store.read(lambda conn: conn.execute(select(people.c.name)).scalar_one()))


def rename(to: str):
    return lambda tx: tx.execute(update(people).values(name=to)).rowcount


def sleep(seconds: float):
    return lambda conn: conn.execute(text(f"SELECT pg_sleep({seconds})")).all()


class Gate:
    """Queries come to it and wait there, for as long as the test wants them to."""

    def __init__(self, line: psycopg.Connection) -> None:
        self._line = line
        line.execute("SELECT pg_advisory_lock(1)")

    def wait(self, conn):
        return conn.execute(text("SELECT 'secret', pg_advisory_xact_lock_shared(1)")).all()

    def until_somebody_waits(self) -> None:
        here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        waiting = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND {here}"
        with gevent.Timeout(PATIENCE_S):
            while not self._line.execute(waiting).fetchone()[0]:
                gevent.sleep(0.01)

    def open(self) -> None:
        self._line.execute("SELECT pg_advisory_unlock_all()")


@pytest.fixture
def gate(postgres_url: str) -> Iterator[Gate]:
    with psycopg.connect(libpq(postgres_url), autocommit=True) as line:
        yield Gate(line)


def test_a_slow_query_holds_up_nobody_else(store: PostgresStore, gate: Gate) -> None:
    slow = gevent.spawn(store.read, gate.wait)
    gate.until_somebody_waits()
    assert not slow.ready()
    gate.open()
    assert slow.get(timeout=PATIENCE_S)


def test_writes_go_on_however_many_read(store: PostgresStore, gate: Gate) -> None:
    readers = [gevent.spawn(store.read, gate.wait) for _ in range(10)]
    gate.until_somebody_waits()
    with gevent.Timeout(PATIENCE_S):
        store.write(rename("Ada L."))
    assert not any(reader.ready() for reader in readers)
    gate.open()
    gevent.joinall(readers, raise_error=True)


def test_who_came_first_goes_first(store: PostgresStore) -> None:
    order: list[int] = []
    waits = [
        gevent.spawn(store.read, lambda conn, n=n: (sleep(0.01)(conn), order.append(n))) for n in range(20)
    ]
    gevent.joinall(waits, raise_error=True)
    assert order == sorted(order)


def test_two_who_block_each_other_both_come_through(store: PostgresStore) -> None:
    rows = [{"id": one, "name": one, "created_at": 0.0} for one in ("x", "y")]
    store.write(lambda tx: tx.execute(insert(people), rows))
    other = PostgresStore(store._writers, lambda topics: None)  # a second process, in effect
    tries = 0
    holding: set[str] = set()
    crosswise = Event()

    def both(first: str, second: str):
        def write(tx: Transaction) -> None:
            nonlocal tries
            tries += 1
            tx.execute(update(people).where(people.c.id == first).values(name="n"))
            holding.add(first)
            if len(holding) == 2:
                crosswise.set()
            assert crosswise.wait(PATIENCE_S)
            tx.execute(update(people).where(people.c.id == second).values(name="n"))

        return write

    writes = [gevent.spawn(store.write, both("x", "y")), gevent.spawn(other.write, both("y", "x"))]
    gevent.joinall(writes, timeout=PATIENCE_S, raise_error=True)
    assert tries == 3, "the one that lost did it again"


def test_a_person_is_made_once_by_many_at_once(postgres_url: str, store: PostgresStore) -> None:
    many = open_store(postgres_url, lambda topics: None, 20)
    writes = [gevent.spawn(many.write, lambda tx: who.ensure(tx, Person("ben", "Ben"), 0)) for _ in range(40)]
    gevent.joinall(writes, raise_error=True)
    many.close()


def test_a_reply_that_nobody_took_reaches_nobody_else(store: PostgresStore, gate: Gate) -> None:
    leaver = gevent.spawn(store.read, gate.wait)
    gate.until_somebody_waits()
    leaver.kill()
    gate.open()
    assert [name(store) for _ in range(5)] == ["Ada"] * 5


def test_a_commit_whose_answer_is_lost_rings_all_the_same(store: PostgresStore) -> None:
    """Who wrote asks again, and finds it done; who reads elsewhere has only the ring to learn of it."""
    rung: list[set[str]] = []
    store._ring = rung.append

    @event.listens_for(store._writers, "commit", once=True)
    def _lose_the_answer(connection) -> None:
        line = connection.connection.dbapi_connection
        line.commit()
        line.close()

    def write(tx: Transaction) -> None:
        rename("Eda")(tx)
        tx.ring("a")

    with pytest.raises(StoreAway):
        store.write(write)
    assert name(store) == "Eda"
    assert rung == [{"a"}]


def test_a_server_that_only_reads_any_more_is_left_for_the_one_that_writes(store: PostgresStore) -> None:
    """After a failover old connections may lead to what is the standby now."""
    demoted: set[int] = set()

    def write(tx: Transaction) -> int:
        pid = int(tx.conn.execute(text("SELECT pg_backend_pid()")).scalar_one())
        if len(demoted) < 2:
            demoted.add(pid)
            tx.conn.execute(text("SET TRANSACTION READ ONLY"))
        rename("Eda")(tx)
        return pid

    assert store.write(write) not in demoted
    assert len(demoted) == 2


def test_while_no_server_writes_everybody_is_told_to_come_back(store: PostgresStore) -> None:
    def write(tx: Transaction) -> None:
        tx.conn.execute(text("SET TRANSACTION READ ONLY"))
        rename("Eda")(tx)

    with pytest.raises(StoreAway):
        store.write(write)
    assert name(store) == "Ada"


def test_who_stands_still_in_a_transaction_holds_its_rows_no_longer_than_a_lease(
    store: PostgresStore,
) -> None:
    seconds = store.read(lambda conn: conn.execute(text("SHOW idle_in_transaction_session_timeout")).scalar())
    assert seconds == "5s"


def test_the_lease_clock_goes_on_within_a_transaction(store: PostgresStore) -> None:
    def look(conn):
        first = conn.execute(select(lease_clock())).scalar_one()
        sleep(0.05)(conn)
        return conn.execute(select(lease_clock() + 6.0)).scalar_one() - first

    began = monotonic()
    went_on = store.read(look) - 6.0
    assert 0.04 < went_on < monotonic() - began + 0.01


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_restart_costs_nobody_an_error(
    own_server: Postgres, away: PostgresStore, how: signal.Signals
) -> None:
    own_server.restart(how)
    assert name(away) == "Ada"
    own_server.restart(how)
    assert away.write(rename("Ada L.")) == 1
    assert name(away) == "Ada L."


def test_what_was_under_way_when_it_went_is_done_again_or_told(
    own_server: Postgres, away: PostgresStore
) -> None:
    def count(tx: Transaction) -> None:
        found = tx.execute(select(people.c.created_at).with_for_update()).scalar_one()
        gevent.sleep(0.01)
        tx.execute(update(people).values(created_at=found + 1))

    stored = 0
    restarting = gevent.spawn(own_server.restart, signal.SIGQUIT)
    while not restarting.ready() or stored < 20:
        try:
            away.write(count)
            stored += 1
        except StoreAway:
            gevent.sleep(0.05)
    restarting.get()
    kept = away.read(lambda conn: conn.execute(select(people.c.created_at)).scalar_one())
    assert kept - stored in (0, 1), "at most the one whose commit was not answered"


def test_while_it_is_away_everybody_is_told_at_once(own_server: Postgres, away: PostgresStore) -> None:
    own_server.stop(signal.SIGQUIT)
    try:
        with gevent.Timeout(PATIENCE_S):
            asked = [gevent.spawn(name, away) for _ in range(200)]
            gevent.joinall(asked)
        assert {type(one.exception) for one in asked} == {StoreAway}
        with pytest.raises(StoreAway):
            away.write(rename("nobody"))
    finally:
        own_server.start()
    gevent.sleep(0.25)
    assert name(away) == "Ada"


def test_a_server_that_stands_still_is_left_in_bounded_time_and_nobody_waits_for_ever(
    own_server: Postgres, away: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert name(away)
    own_server.pause()
    try:
        with monkeypatch.context() as patch, gevent.Timeout(PATIENCE_S):
            patch.setattr(postgres, "HANG_S", 0.5)
            with pytest.raises(StoreAway):
                name(away)
    finally:
        own_server.resume()
    with gevent.Timeout(PATIENCE_S):
        while True:
            with suppress(StoreAway):
                assert name(away)
                return
            gevent.sleep(0.1)


def test_a_server_that_will_not_have_us_says_so_in_a_sentence(postgres_url: str) -> None:
    nobody = postgres_url.replace("postgres@", "nobody@", 1)
    with pytest.raises(Refused, match='role "nobody" does not exist; look at DATABASE_URL'):
        check(database(nobody))
    with pytest.raises(Refused, match='database "nowhere" does not exist'):
        check(database(postgres_url.rpartition("/")[0] + "/nowhere"))
