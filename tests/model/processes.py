"""Several processes on one real SQLite file, put together from the real parts and moved by hand."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
)

from chat.core.batching import Batcher
from chat.core.frames import End
from chat.core.lifecycle import Status
from chat.generation.writer import Recording, Writer
from chat.live.bell import LocalBell
from chat.live.logs import Logs
from chat.live.mirror import Mirrors
from chat.live.mirror import Stored as Fetched
from chat.live.tape import Tape, Tapes
from chat.store.leases import Tail
from chat.store.sqlite import SqliteStore, prepare
from chat.store.stored import StreamState, end_of
from chat.store.streams import Batch, Streams
from chat.store.tables import metadata
from chat.store.transaction import Ring, Transaction

T = TypeVar("T")

FLUSH_MS = 500
LEASE_S = 6.0

# Stands for the messages: changed by the hook, in the transaction that changes the stream.
notes = Table("notes", MetaData(), Column("stream_id", String, primary_key=True), Column("status", String))


class HookFailed(Exception):
    """The chat column could not change its message."""


class DatabaseDown(Exception):
    """A commit failed."""


@dataclass(frozen=True)
class Parts:
    """What a process is built from; a seeded bug replaces one of them."""

    streams: type[Streams] = Streams
    batcher: type[Batcher] = Batcher
    tape: type[Tape] = Tape


SOUND = Parts()


class InlineStore:
    """A store that commits where it is asked to: several times as fast, for the hunt after bugs."""

    def __init__(self, database: Engine, ring: Ring) -> None:
        self._database = database
        self._ring = ring

    def read(self, fn: Callable[[Connection], T]) -> T:
        with self._database.connect() as connection, connection.begin():
            return fn(connection)

    def write(self, fn: Callable[[Transaction], T]) -> T:
        with self._database.connect() as connection:
            with connection.begin():
                transaction = Transaction(connection)
                value = fn(transaction)
            self._ring(transaction.topics)
            return value

    def close(self) -> None:
        self._database.dispose()


class Row(NamedTuple):
    """What the tables hold of one stream."""

    status: str
    bases: list[int]
    length: int
    data: bytes
    chunks: int
    note: str | None


class World:
    """What all processes share: the file, the bell, the clock. `broken` names what fails just now."""

    def __init__(self, folder: Path, make_store: type[SqliteStore] | type[InlineStore] = SqliteStore) -> None:
        self.now = 1000.0
        self.broken: str | None = None
        self.bell = LocalBell()
        database = prepare(create_engine(f"sqlite:///{folder}/log.sqlite3"))
        self.store = make_store(database, self.bell.ring)
        # Power cuts are not what is tested here, and thousands of small commits are waited for.
        writers = self.store._writers if isinstance(self.store, SqliteStore) else database
        event.listen(writers, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        self._tables = sqlite3.connect(folder / "log.sqlite3", isolation_level=None)
        for tables in (metadata, notes.metadata):
            self.store.write(lambda tx, tables=tables: tables.create_all(tx.conn))

    def clock(self) -> float:
        return self.now

    def close(self) -> None:
        self._tables.close()
        self.store.close()

    def row(self, stream_id: str) -> Row:
        """Read what the tables hold of one stream, past all code that is tested."""
        query = self._tables.execute
        values = (stream_id,)
        (status, bases, length, text, first_seq), = query(
            "SELECT status, bases, length, text, first_seq FROM streams WHERE id = ?", values
        )  # fmt: skip
        rows = query("SELECT seq, text FROM chunks WHERE stream_id = ? ORDER BY seq", values).fetchall()
        note = query("SELECT status FROM notes WHERE stream_id = ?", values).fetchone()
        if status == Status.STREAMING:
            text += "".join(piece for seq, piece in rows if seq >= first_seq)
        return Row(status, json.loads(bases), length, text.encode(), len(rows), note and note[0])

    def note(self, tx: Transaction, state: StreamState) -> None:
        """The hook that streams call when they change."""
        if self.broken == "hook":
            raise HookFailed(state.id)
        tx.execute(delete(notes).where(notes.c.stream_id == state.id))
        tx.execute(insert(notes), {"stream_id": state.id, "status": state.status})


@dataclass(eq=False)
class Process:
    """One process: streams, tapes, writer, its readers' logs. Paused while not called; dead when left."""

    world: World
    name: str
    parts: Parts
    recordings: dict[str, Recording] = field(default_factory=dict)

    def __post_init__(self) -> None:
        clock = self.world.clock
        self.streams = self.parts.streams(
            self.world.store, owner=lambda: self.name, lease_s=LEASE_S, wall=clock, lease_clock=clock,
            on_change=self.world.note,
        )  # fmt: skip
        self.tapes = Tapes()
        self.mirrors = Mirrors(self.world.bell, self._fetch, clock, doubt_s=10**9)
        self.logs = Logs(self.tapes, self.mirrors)
        self.writer = Writer(self._append, Batch, clock, 1)

    def claim(self, stream_id: str, sources: set[Status]) -> StreamState | None:
        """Claim as the engine does, and begin to record."""
        stored = self.streams.read(stream_id)
        assert stored is not None
        state = self.streams.claim(stream_id, sources, stored.state.epoch)
        if state is not None:
            self._record(state, stored.data)
        return state

    def _record(self, state: StreamState, text: bytes) -> None:
        tape = self.parts.tape(state.id, state.epoch, state.bases, text)
        batcher = self.parts.batcher(state.chunk_by, FLUSH_MS, len(tape.data))
        self.leave(state.id)
        recording = Recording(tape, batcher, lambda: self.leave(state.id))
        self.recordings[state.id] = recording
        self.tapes.add(tape)
        self.writer.record(recording)

    def hear(self, stream_id: str, text: str) -> None:
        """Take a delta from the provider."""
        recording = self.recordings[stream_id]
        recording.tape.append(text)
        recording.batcher.feed(text, self.world.now)
        self.world.bell.ring((f"tape:{stream_id}",))

    def end(self, stream_id: str, status: Status) -> bool:
        """Store the end as the runner does; what it could not store it forgets."""
        recording = self.recordings[stream_id]
        tape = recording.tape
        kept = False
        self.writer.release(recording)
        try:
            kept = self.streams.close(stream_id, tape.epoch, status, text=tape.data.decode())
        finally:
            if kept:
                tape.end = End(status, len(tape.data), tape.epoch)
                self.tapes.drop(tape)
                del self.recordings[stream_id]
            else:
                self.leave(stream_id)
        return kept

    def leave(self, stream_id: str) -> None:
        """Let go of a stream whose lease was lost."""
        recording = self.recordings.pop(stream_id, None)
        if recording is not None:
            recording.tape.lost = True
            self.tapes.drop(recording.tape)
            self.writer.release(recording)

    def renew(self) -> None:
        """Lengthen the leases; leave what was lost."""
        lost, _ = self.streams.renew({name: it.tape.epoch for name, it in self.recordings.items()})
        for stream_id in lost:
            self.leave(stream_id)

    def adopt(self, is_dead: Callable[[str], bool], tails: dict[str, Tail]) -> list[str]:
        """Take over what nobody writes any more, as the engine does; `tails`: what shared tapes knew."""
        adopted = []
        for orphan in self.streams.orphans(is_dead):
            tail = tails.get(orphan.id, (0, b""))
            if orphan.stop_requested:
                adopted += [orphan.id] if self.streams.interrupt(orphan, tail) else []
            elif (taken := self.streams.take_over(orphan, tail)) is not None:
                self._record(taken[0], taken[1].encode())
                adopted.append(orphan.id)
        return adopted

    def hand_over(self, stream_id: str) -> bool:
        """Let go of it with all its text, as a process does that has to leave."""
        recording = self.recordings[stream_id]
        tape = recording.tape
        self.writer.release(recording)
        kept = self.streams.release(stream_id, tape.epoch, text=tape.data.decode())
        self.leave(stream_id)
        return kept

    def reap(self, is_dead: Callable[[str], bool]) -> list[str]:
        """Interrupt what nobody writes any more."""
        return [orphan.id for orphan in self.streams.orphans(is_dead) if self.streams.interrupt(orphan)]

    def _append(self, batches: Sequence[Batch], *, again: bool) -> set[str]:
        if self.world.broken == "database":
            raise DatabaseDown
        lost = self.streams.append(batches, again=again)
        if self.world.broken == "reply":
            raise DatabaseDown  # it is stored, and the answer was lost
        return lost

    def _fetch(self, stream_id: str, offset: int, last_seq: int) -> Fetched | None:
        found = self.streams.read(stream_id, offset, last_seq)
        if found is None:
            return None
        end = end_of(found.state)
        return Fetched(found.data, found.state.epoch, found.state.bases, end, found.last_seq)
