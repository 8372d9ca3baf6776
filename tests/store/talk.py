"""A conversation in a real database, and the few sentences that its tests are written in."""

from collections.abc import Callable
from typing import Any, Self

from sqlalchemy import Connection, create_engine

from chat.core.lifecycle import Status
from chat.store import conversations, messages, postgres, reasoning, sqlite
from chat.store.conversations import Conversation
from chat.store.messages import Asked, Message
from chat.store.people import Person
from chat.store.postgres import PostgresStore
from chat.store.sqlite import SqliteStore
from chat.store.streams import Batch, Streams
from chat.store.tables import metadata
from chat.store.transaction import Ring, Store

ADA = Person("ada", "Ada")
BEN = Person("ben", "Ben")


def open_store(url: str, ring: Ring, connections: int = 4) -> Store:
    """Open the store of the database at this address, without any tables."""
    if url.startswith("sqlite:"):
        return SqliteStore(sqlite.prepare(create_engine(url)), ring)
    engine = create_engine(url, **postgres.engine_options(connections))
    return PostgresStore(postgres.prepare(engine), ring)


class Talk:
    """A store with one empty conversation of Ada's; its clock goes on by a second with each `tick`."""

    def __init__(self, url: str) -> None:
        self.now = 1000.0
        self.rung: list[set[str]] = []
        self.store = open_store(url, self.rung.append)
        self.store.write(lambda tx: metadata.create_all(tx.conn))
        self.streams = Streams(
            self.store,
            owner=lambda: "here",
            lease_s=6,
            wall=lambda: self.now,
            lease_clock=lambda: self.now,
            before_change=conversations.hold_of_answer,
            on_change=messages.follow_stream,
            on_beside=reasoning.take,
        )
        self.conversation = self.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    @property
    def cid(self) -> str:
        return self.conversation.id

    def tick(self) -> float:
        self.now += 1
        return self.now

    # ── the store's two doors, with the arguments of our functions ───────────────────────────

    def read(self, fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return self.store.read(lambda conn: fn(conn, *args, **more))

    def write(self, fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return self.store.write(lambda tx: fn(tx, *args, **more))

    def topics_of(self, fn: Callable[..., Any], *args: Any, **more: Any) -> set[str]:
        """Write, and say which bells that rang."""
        self.write(fn, *args, **more)
        return self.rung[-1]

    # ── what people do ───────────────────────────────────────────────────────────────────────

    def begin(self, owner: Person = ADA, **fields: Any) -> Conversation:
        made: Conversation = self.write(conversations.create, owner=owner, now=self.tick(), **fields)
        return made

    def ask(self, text: str = "What is a stream?", author: Person = ADA, **more: Any) -> Asked:
        fields = {"conversation": self.conversation, "author": author, "text": text, "now": self.tick()}
        asked: Asked = self.write(messages.ask, self.streams, **{"chunk_by": "sentence", **fields, **more})
        return asked

    def regenerate(self, answer: Message, **more: Any) -> Asked:
        fields = {
            "conversation": self.conversation,
            "answer_id": answer.id,
            "asked_by": ADA,
            "now": self.tick(),
        }
        asked: Asked = self.write(
            messages.regenerate, self.streams, **{"chunk_by": "sentence", **fields, **more}
        )
        return asked

    # ── what becomes of an answer ────────────────────────────────────────────────────────────

    def stream(self, asked: Asked, *batches: str, resume: bool = False) -> int:
        """Claim the answer and store these batches; returns the epoch."""
        stream_id = stream_of(asked)
        state = self.streams.claim(stream_id, {Status.INTERRUPTED if resume else Status.PENDING})
        assert state is not None
        at = state.bases[-1]
        for text in batches:
            assert self.streams.append([Batch(stream_id, state.epoch, at, text)]) == set()
            at += len(text.encode())
        return state.epoch

    def end(self, asked: Asked, epoch: int, status: Status, text: str, **more: Any) -> None:
        assert self.streams.close(stream_of(asked), epoch, status, text=text, **more)

    def answered(self, text: str = "What is a stream?", answer: str = "A log.", **more: Any) -> Asked:
        """Ask, and have it answered to the end."""
        asked = self.ask(text, **more)
        self.end(asked, self.stream(asked), Status.DONE, answer, finish_reason="stop")
        return asked

    def remove(self, asked: Asked) -> None:
        assert self.write(messages.remove_answer, self.streams, stream_of(asked))

    def texts(self, read: Callable[..., list[Message]] = messages.path) -> list[str]:
        return [message.text for message in self.read(read, self.cid)]


def stream_of(asked: Asked) -> str:
    assert asked.reply is not None
    assert asked.reply.stream_id is not None
    return asked.reply.stream_id


def count(conn: Connection, table: Any) -> int:
    """Count the rows of a table."""
    return len(conn.execute(table.select()).all())
