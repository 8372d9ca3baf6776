"""Tapes shared at Redis: one string a live epoch, the stream's whole text, appended in small slices."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import gevent
import redis
import structlog
from gevent.event import Event

from chat.core.log import floor_boundary
from chat.live.bell import Rounds
from chat.live.relay_redis import connect
from chat.live.relayed import without_password
from chat.live.tape import Tape, Tapes

log = structlog.get_logger()

T = TypeVar("T")
Place = tuple[str, int]  # (stream id, epoch): one process writes it, ever
AddRings = Callable[[Any, Iterable[str]], None]

TICK_S = 0.02  # between two rounds of the publisher; with the round itself, 25 ms
PROBE_S = 0.5  # between two looks whether Redis is back
READ_PATIENCE_S = 0.25  # to connect, and again for the answer; only whoever finds Redis gone waits so long
READERS = 16  # connections of this process that read, at most
KEPT_S = 15 * 60  # after the last append: no answer takes longer
ROUND_BYTES = 4 << 20  # of one pipeline; what is left goes with the next

# A slice is appended only where the string is as long as we believe: after a flush, a restart, or a send
# whose reply was lost, it would shift every offset behind it. All streams in one call: it costs once.
APPEND = """
local kept = {}
for i, key in ipairs(KEYS) do
  kept[i] = 0
  if redis.call('STRLEN', key) == tonumber(ARGV[2 * i]) then
    redis.call('APPEND', key, ARGV[2 * i + 1])
    redis.call('EXPIRE', key, ARGV[1])
    kept[i] = 1
  end
end
return kept
"""


@dataclass(slots=True)
class _Sent:
    """How far a tape is published; None: not known, so that all of it is written."""

    tape: Tape
    upto: int | None = None


@dataclass(slots=True)
class _Slice:
    """What one round sends of one tape."""

    sent: _Sent
    data: bytes
    upto: int


class RedisTapes:
    """Publishes this process's tapes and reads those of others. A Redis that is away delays nobody."""

    def __init__(self, url: str, tapes: Tapes, add_rings: AddRings, wake_all: Callable[[], None]) -> None:
        self.rounds: Rounds = (
            ("shared tapes", self._publish_for_ever),
            ("Redis probe", self._probe_for_ever),
        )
        self._url = url
        self._tapes = tapes
        self._add_rings = add_rings
        self._wake_all = wake_all
        self._sent: dict[Place, _Sent] = {}
        self._writing = connect(url)
        self._probing = connect(url)
        self._reading = connect(url, patience_s=READ_PATIENCE_S, most=READERS)
        self._present = True
        self._here, self._lost = Event(), Event()
        self._here.set()

    @property
    def away(self) -> bool:
        return not self._present

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def read(self, stream_id: str, epoch: int, start: int) -> bytes | None:
        found: bytes | None = self._ask(lambda: self._reading.getrange(_key((stream_id, epoch)), start, -1))
        return None if found is None else _whole_characters(found)

    def salvage(self, stream_id: str, epoch: int, stored_length: int) -> bytes:
        return self.read(stream_id, epoch, stored_length) or b""

    def drop(self, stream_id: str, epoch: int) -> None:
        self._ask(lambda: self._reading.delete(_key((stream_id, epoch))))

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Ask Redis; None, at once, while it is known to be away."""
        if self.away:
            return None
        try:
            return question()
        except (redis.RedisError, OSError) as error:
            self._lose(error)
            return None

    # ── publishing ───────────────────────────────────────────────────────────────────────────

    def publish(self) -> None:
        """Send what the tapes gained since the last round, in one pipeline. Raises when Redis is away.

        Doing it twice is harmless, whatever of the first time arrived.
        """
        for tape in self._tapes:
            self._sent.setdefault((tape.stream_id, tape.epoch), _Sent(tape))
        slices, gone = self._due(), self._gone()
        if slices or gone:
            self._send(slices, gone)
        if not self._sent:
            self._tapes.changed.clear()

    def _due(self) -> list[_Slice]:
        slices, room = [], ROUND_BYTES
        for sent in self._sent.values():
            upto = len(sent.tape.data)
            if upto > (sent.upto or 0) and room > 0:
                slices.append(_Slice(sent, bytes(memoryview(sent.tape.data)[sent.upto or 0 :]), upto))
                room -= len(slices[-1].data)
        return slices

    def _gone(self) -> list[Place]:
        return [
            place
            for place, sent in self._sent.items()
            if self._tapes.get(sent.tape.stream_id) is not sent.tape
        ]

    def _send(self, slices: list[_Slice], gone: list[Place]) -> None:
        pipeline = self._writing.pipeline(transaction=False)
        onward = [piece for piece in slices if piece.sent.upto is not None]
        if onward:
            keys = [_key(_place(piece.sent.tape)) for piece in onward]
            values = [value for piece in onward for value in (piece.sent.upto or 0, piece.data)]
            pipeline.eval(APPEND, len(keys), *keys, KEPT_S, *values)
        anew = [piece for piece in slices if piece.sent.upto is None]
        for piece in anew:
            pipeline.set(_key(_place(piece.sent.tape)), piece.data, ex=KEPT_S)
        # What was lost, or could not be stored, is left for whoever takes over.
        over = [place for place in gone if self._sent[place].tape.end is not None]
        # A new epoch has what was worth keeping of the one before it.
        over += [
            (tape.stream_id, tape.epoch - 1) for tape in (piece.sent.tape for piece in anew) if tape.epoch > 1
        ]
        if over:
            pipeline.delete(*map(_key, over))
        self._add_rings(pipeline, [f"tape:{piece.sent.tape.stream_id}" for piece in slices])
        answers = pipeline.execute()
        kept = answers[0] if onward else ()
        for piece, as_believed in zip(onward, kept, strict=True):
            piece.sent.upto = piece.upto if as_believed else None
        for piece in anew:
            piece.sent.upto = piece.upto
        self._forget(gone)

    def _forget(self, gone: Iterable[Place]) -> None:
        for place in gone:
            del self._sent[place]

    # ── rounds ───────────────────────────────────────────────────────────────────────────────

    def _publish_for_ever(self) -> None:
        while True:
            self._tapes.changed.wait()
            self._here.wait()
            try:
                self.publish()
            except (redis.RedisError, OSError) as error:
                self._lose(error)
                self._forget(self._gone())  # their keys expire: who refuses us for ever costs no memory
            gevent.sleep(TICK_S)

    def _probe_for_ever(self) -> None:
        while True:
            self._lost.wait()
            gevent.sleep(PROBE_S)
            try:
                self._probing.set("headwater:probe", 1, ex=1)  # a full or read-only Redis answers a PING
            except (redis.RedisError, OSError):
                continue
            self._present = True
            self._lost.clear()
            self._here.set()
            self._wake_all()  # who looked while they were away was given what is stored, and waits for more
            log.info("shared tapes are back", carrier="Redis")

    def _lose(self, error: Exception) -> None:
        if self._present:
            self._present = False
            self._here.clear()
            self._lost.set()
            log.warning(
                "shared tapes are away: readers elsewhere get what is stored",
                carrier="Redis",
                reason=without_password(error, self._url),
            )


def _place(tape: Tape) -> Place:
    return tape.stream_id, tape.epoch


def _key(place: Place) -> str:
    stream_id, epoch = place
    return f"headwater:tape:{stream_id}:{epoch}"


def _whole_characters(data: bytes) -> bytes | None:
    """Give what of it is whole; None when it begins inside a character: it is not the text we asked for."""
    if data and data[0] & 0xC0 == 0x80:
        return None
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        return data[: problem.start] if problem.start == floor_boundary(data, len(data) - 1) else None
    return data
