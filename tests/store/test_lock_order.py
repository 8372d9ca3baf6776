"""On PostgreSQL everybody locks in one order, so that two who write at once never wait crosswise."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gevent
import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from chat.core.lifecycle import Status
from chat.core.sources import Source
from chat.store import accounts, citations, conversations, documents, joining, messages, search
from chat.store.budgets import Budgets
from chat.store.documents import Allowed
from chat.store.leases import Orphan
from chat.store.people import Person
from chat.store.postgres import PostgresStore
from chat.store.transaction import Transaction
from tests.patience import PATIENCE_S
from tests.store.talk import ADA, Talk

HOME = Person("home", "Countess")
LOCKS = ("UPDATE", "DELETE", "FOR NO KEY UPDATE", "FOR UPDATE")
Write = Callable[[], Any]


@pytest.fixture
def talk(postgres_url: str) -> Iterator[Talk]:
    with Talk(postgres_url) as talk:
        yield talk


def deadlocks_of(talk: Talk, url: str, first: Write, second: Write) -> int:
    """Run both at once, the second from when the first holds its first lock; say how often they crossed.

    The first goes on when the second waits for a lock, or is done.
    """
    assert isinstance(talk.store, PostgresStore)
    engine, crossed = talk.store._writers, []
    others: list[gevent.Greenlet] = []

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE_S:g}s'")

    @event.listens_for(engine, "handle_error")
    def _on_error(context: Any) -> None:
        crossed.append(getattr(context.original_exception, "sqlstate", None))

    @event.listens_for(engine, "after_cursor_execute")
    def _on_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if gevent.getcurrent() is ours and not others and any(lock in statement for lock in LOCKS):
            others.append(gevent.spawn(second))
            with gevent.Timeout(PATIENCE_S):
                while not (others[0].ready() or _somebody_waits(looking)):
                    gevent.sleep(0.005)

    looking = create_engine(url)
    ours = gevent.spawn(first)
    gevent.joinall([ours], timeout=PATIENCE_S, raise_error=True)
    assert others, "the first never locked anything"
    gevent.joinall(others, timeout=PATIENCE_S, raise_error=True)
    looking.dispose()
    return crossed.count("40P01")


def _somebody_waits(engine: Engine) -> bool:
    here = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with engine.connect() as connection:
        return bool(connection.execute(text(f"{here} AND wait_event_type = 'Lock'")).scalar_one())


def answer_of(talk: Talk, *, is_streaming: bool = True) -> str:
    """Ask; give the answer's stream. One that is written has a thought beside it."""
    asked = talk.ask()
    assert asked.reply is not None
    assert asked.reply.stream_id is not None
    if is_streaming:
        assert talk.streams.claim(asked.reply.stream_id, {Status.PENDING})
        assert talk.streams.open_beside(asked.reply.stream_id, 1, "a thought")
    return asked.reply.stream_id


SOURCE = Source(1, "d", "rivers.md", 1, None, "", "The river runs.")
CHANGES: dict[str, Callable[[Talk, str], Any]] = {
    "claim": lambda talk, one: talk.streams.claim(one, {Status.PENDING}),
    "stop": lambda talk, one: talk.streams.stop_idle(one),
    "close": lambda talk, one: talk.streams.close(one, 1, Status.DONE, text="A log."),
    "interrupt": lambda talk, one: talk.streams.interrupt(Orphan(one, 1, False, 0)),
    "take over": lambda talk, one: talk.streams.take_over(Orphan(one, 1, False, 0)),
    "think": lambda talk, one: talk.streams.open_beside(one, 1, "another"),
    "release": lambda talk, one: talk.streams.release(one, 1, text=""),
    "offer": lambda talk, one: talk.write(citations.offer, one, 1, [SOURCE], 0),
}
IDLE = ("claim", "stop")  # what happens to those that nobody writes


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_happens_to_an_answer_may_meet_its_deletion(
    talk: Talk, postgres_url: str, name: str
) -> None:
    stream_id = answer_of(talk, is_streaming=name not in IDLE)
    change = partial(CHANGES[name], talk, stream_id)
    remove = partial(talk.write, messages.remove_answer, talk.streams, stream_id)
    assert deadlocks_of(talk, postgres_url, change, remove) == 0
    assert talk.read(messages.by_stream, stream_id) is None


@pytest.mark.parametrize("name", CHANGES)
def test_and_the_deletion_of_its_conversation(talk: Talk, postgres_url: str, name: str) -> None:
    stream_id = answer_of(talk, is_streaming=name not in IDLE)
    change = partial(CHANGES[name], talk, stream_id)
    answer = talk.read(messages.by_stream, stream_id)
    delete = partial(talk.write, conversations.delete, talk.streams, answer.conversation_id)
    assert deadlocks_of(talk, postgres_url, delete, change) == 0
    assert talk.streams.state(stream_id) is None


def test_who_comes_too_late_to_claim_waits_for_nobody(talk: Talk) -> None:
    stream_id, tries = answer_of(talk), []

    def change(tx: Transaction) -> Any:
        tries.append(1)
        conversations.hold(tx, talk.cid)
        late = gevent.spawn(talk.streams.claim, stream_id, {Status.PENDING})
        return late.get(timeout=PATIENCE_S)

    assert talk.store.write(change) is None
    assert len(tries) == 1, "it waited until this transaction was ended from outside"


def test_who_asks_may_log_in_meanwhile(talk: Talk, postgres_url: str) -> None:
    talk.answered()
    talk.write(accounts.create, HOME, "ada", None, talk.now)
    ask = partial(talk.ask, admit=Budgets().admit)
    assert deadlocks_of(talk, postgres_url, ask, partial(talk.write, joining.join, ADA.id, HOME.id)) == 0


def test_who_asks_may_add_a_document_meanwhile(talk: Talk, postgres_url: str) -> None:
    talk.answered()
    add = partial(
        talk.write, documents.begin, owner=ADA, conversation_id=talk.cid, name="rivers.md", kind="markdown",
        size=3, now=talk.now, limits=Allowed(),
    )  # fmt: skip
    assert deadlocks_of(talk, postgres_url, partial(talk.ask, admit=Budgets().admit), add) == 0


def test_what_waits_for_the_index_may_be_deleted_meanwhile(talk: Talk, postgres_url: str) -> None:
    talk.answered()
    talk.write(search.index_later, [talk.cid])
    delete = partial(talk.write, conversations.delete, talk.streams, talk.cid)
    assert deadlocks_of(talk, postgres_url, partial(talk.write, search.index_some), delete) == 0
