"""Bugs that the machine must find: each a part that is wrong in one way, and the promise that it breaks."""

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from chat.core.batching import Batcher
from chat.core.lifecycle import Status
from chat.live import follow, mirror
from chat.live.tape import Tape
from chat.store.leases import Orphan, Tail
from chat.store.stored import StreamState
from chat.store.streams import Batch, Streams
from chat.store.tables import chunks, streams
from chat.store.transaction import Transaction
from tests.model.processes import SOUND, Parts


class NoFence(Streams):
    """Stores for whoever asks, as if it were of the epoch in force."""

    def append(self, batches: Sequence[Batch], **how: bool) -> set[str]:
        states = {batch.stream_id: self.state(batch.stream_id) for batch in batches}
        current = [
            dataclasses.replace(batch, epoch=state.epoch)
            for batch in batches
            if (state := states[batch.stream_id])
        ]
        return super().append(current, **how)


class NoFenceAtTheEnd(Streams):
    """Ends for whoever asks."""

    def close(self, stream_id: str, epoch: int, status: Status, **rest: Any) -> bool:
        state = self.state(stream_id)
        return super().close(stream_id, state.epoch if state else epoch, status, **rest)


class TwoWinners(Streams):
    """Tells everyone that they won."""

    def claim(self, stream_id: str, *rest: Any) -> StreamState | None:
        return super().claim(stream_id, *rest) or self.state(stream_id)


class BaseOffByOne(Streams):
    """Notes a base that is one byte short."""

    def _lay_base(self, tx: Transaction, stream_id: str, length: int, bases: Sequence[int]) -> None:
        super()._lay_base(tx, stream_id, length, bases)
        wrong = [*bases, max(0, length - 1)]
        tx.execute(update(streams).where(streams.c.id == stream_id).values(bases=wrong))


class DoubleAppend(Streams):
    """Writes again what it was not sure of."""

    def append(self, batches: Sequence[Batch], **how: bool) -> set[str]:
        return super().append(batches) | super().append(batches)


class BelievesEveryFailure(Streams):
    """Takes what failed for not stored, although a commit can succeed and its answer be lost."""

    def append(self, batches: Sequence[Batch], **how: bool) -> set[str]:
        return super().append(batches)


class ReadsBeforeItHolds(Streams):
    """Hands over what was stored a while ago, not what the old owner added since."""

    def _settle(self, tx: Transaction, orphan: Orphan, tail: Tail) -> str | None:
        text = super()._settle(tx, orphan, tail)
        if text:
            cut = text[:-1]
            whole = {"text": cut, "length": len(cut.encode())}
            tx.execute(update(streams).where(streams.c.id == orphan.id).values(whole))
        return text and text[:-1]


class LostTail(Streams):
    """Ends with what the chunks hold and forgets the tail that was never flushed."""

    def close(self, stream_id: str, epoch: int, status: Status, **rest: Any) -> bool:
        found = self.read(stream_id)
        if found is not None:
            rest["text"] = found.data.decode()
        return super().close(stream_id, epoch, status, **rest)


class LostChunk(Streams):
    """Compacts all chunks of an orphan but the newest."""

    def _settle(self, tx: Transaction, orphan: Orphan, tail: Tail) -> str | None:
        newest = select(func.max(chunks.c.seq)).where(chunks.c.stream_id == orphan.id).scalar_subquery()
        tx.execute(delete(chunks).where(chunks.c.seq == newest, chunks.c.text != ""))
        return super()._settle(tx, orphan, tail)


class ChunksLeft(Streams):
    """Compacts, but leaves the chunks where they are."""

    def _move(self, stream_id: str, *rest: Any, **values: Any) -> bool:
        tx: Transaction = rest[2]
        kept = [
            dict(row._mapping) for row in tx.execute(select(chunks).where(chunks.c.stream_id == stream_id))
        ]
        moved = super()._move(stream_id, *rest, **values)
        if moved and kept:
            tx.execute(chunks.insert(), kept)
        return moved


class EndWithoutItsMessage(Streams):
    """Stores the end even when the message could not be changed."""

    def __init__(
        self, *rest: Any, on_change: Callable[[Transaction, StreamState], None], **more: Any
    ) -> None:
        def try_to(tx: Transaction, state: StreamState) -> None:
            with suppress(Exception):
                on_change(tx, state)

        super().__init__(*rest, on_change=try_to, **more)


class ForgetfulReaper(Streams):
    """Believes a lease for ever."""

    def orphans(self, is_dead: Callable[[str], bool], *rest: Any, **more: Any) -> list[Orphan]:
        return super().orphans(is_dead, expired=False)


class RenewsWhatNobodyHolds(Streams):
    """Lengthens the lease of all that bears our name."""

    def renew(self, held: dict[str, int]) -> tuple[set[str], set[str]]:
        ours = (streams.c.owner == self._owner()) & (streams.c.status == Status.STREAMING)
        longer = update(streams).where(ours).values(lease_until=self._lease_clock() + self._lease_s)
        self.store.write(lambda tx: tx.execute(longer).rowcount)
        return super().renew(held)


class CutsCharacters(Batcher):
    """Is one byte short of every boundary."""

    def ready(self, now: float) -> int | None:
        upto = super().ready(now)
        return None if upto is None or upto - 1 <= self._stored else upto - 1


class NeverInTime(Batcher):
    """Waits for a boundary, however long."""

    def __init__(self, chunk_by: str, flush_ms: int, offset: int = 0) -> None:
        super().__init__(chunk_by, 10**9, offset)


class CountsCharacters(Batcher):
    """Counts characters where bytes are meant."""

    def feed(self, text: str, now: float) -> None:
        super().feed("x" * len(text) if not text.isspace() else text, now)


class EmptyTape(Tape):
    """Begins a new epoch without what was stored before."""

    def __init__(self, stream_id: str, epoch: int, bases: tuple[int, ...], text: bytes) -> None:
        super().__init__(stream_id, epoch, bases, b"")


Patch = tuple[Any, str, Any]


@dataclasses.dataclass(frozen=True)
class Bug:
    """One bug: the wrong part or the patches, and how it must show."""

    name: str
    says: str
    parts: Parts = SOUND
    patches: tuple[Patch, ...] = ()
    seed: int = 0  # that finds it soonest; where it does not any more, others are tried

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for owner, name, wrong in self.patches:
            monkeypatch.setattr(owner, name, wrong)


def _read_all(self: mirror.Mirror) -> None:
    found = self._fetch(self.stream_id, 0, 0)
    if found is not None:
        self.data += found.data


def _read_on(self: mirror.Mirror) -> None:
    found = self._fetch(self.stream_id, len(self.data), self._last_seq)
    if found is None:
        self.gone = True
        return
    self.data += found.data
    self.epoch, self.bases, self.end = found.epoch, found.bases, found.end
    self._last_seq = found.last_seq


BUGS = (
    Bug("an append is not fenced", "promise [234]", Parts(streams=NoFence)),
    Bug("an end is not fenced", "promise [234]", Parts(streams=NoFenceAtTheEnd)),
    Bug("a stream is claimed twice", "promise 1", Parts(streams=TwoWinners)),
    Bug("a base is off by one", "promise [234]|can't decode", Parts(streams=BaseOffByOne)),
    Bug("a batch is appended twice", "promise [23]", Parts(streams=DoubleAppend)),
    Bug(
        "a failed append is believed to have failed",
        "promise [23]",
        Parts(streams=BelievesEveryFailure),
        seed=9,
    ),
    Bug("a takeover loses a batch", "promise [23]", Parts(streams=ReadsBeforeItHolds)),
    Bug("the tail is lost at the end", "promise [238]", Parts(streams=LostTail)),
    Bug("compaction drops a chunk", "promise [23]", Parts(streams=LostChunk)),
    Bug("compaction leaves the chunks", "promise 8", Parts(streams=ChunksLeft)),
    Bug("the end is stored without its message", "promise [38]", Parts(streams=EndWithoutItsMessage)),
    Bug("a lease never runs out", "promise 6", Parts(streams=ForgetfulReaper)),
    Bug("a lease is renewed that nobody holds", "promise 6", Parts(streams=RenewsWhatNobodyHolds)),
    Bug("a batch ends inside a character", "promise 5|can't decode", Parts(batcher=CutsCharacters)),
    Bug("a batch waits for ever", "promise 5", Parts(batcher=NeverInTime)),
    Bug("characters are counted for bytes", "promise 5|can't decode", Parts(batcher=CountsCharacters)),
    Bug("a tape begins empty", "promise [235]|can't decode", Parts(tape=EmptyTape)),
    Bug(
        "nobody is rewound",
        "promise 3|can't decode",
        patches=((follow, "rewind_base", lambda bases, epoch: None),),
    ),
    Bug("a mirror reads from the beginning", "promise [23]", patches=((mirror.Mirror, "_read", _read_all),)),
    # SQLite gives the numbers of deleted rows out again.
    Bug("a mirror counts chunks across epochs", "promise 3", patches=((mirror.Mirror, "_read", _read_on),)),
)
