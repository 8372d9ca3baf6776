"""The writer: one greenlet a process that stores what the tapes have gathered, all streams in one commit."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import gevent
import structlog
from gevent.event import Event

from chat.core.batching import Batcher
from chat.core.log import StoreAway
from chat.core.tally import Tally
from chat.live.tape import Tape

log = structlog.get_logger()

RETRY_S = 0.25  # after a flush that failed: a full disk is not asked forty times a second


class Recording:
    """One tape on its way into the store. `stored` is the offset up to which it is on disk."""

    __slots__ = ("batcher", "closing", "on_lost", "stored", "tape", "waits")

    def __init__(self, tape: Tape, batcher: Batcher, on_lost: Callable[[], None]) -> None:
        self.tape = tape
        self.batcher = batcher
        self.stored = len(tape.data)
        self.on_lost = on_lost
        self.closing = False  # released: the runner writes the rest itself, with the end, or nobody may
        self.waits = False  # for what has to be stored before it


MakeBatch = Callable[[str, int, int, str], Any]  # (stream id, epoch, start, text)


class Append(Protocol):
    """store.streams.Streams.append: returns the ids whose lease was lost."""

    def __call__(self, batches: Sequence[Any], *, again: bool) -> set[str]: ...


class Writer:
    """Each `tick_s` seconds, while anything is recorded: what is due of all streams, in one transaction."""

    def __init__(self, append: Append, batch: MakeBatch, clock: Callable[[], float], tick_s: float) -> None:
        self._append = append
        self._batch = batch
        self._clock = clock
        self._tick_s = tick_s
        self.tally = Tally()  # the process's own, where composition hands one in
        self._recordings: dict[str, Recording] = {}
        self._work = Event()
        self._unsure = False  # the last flush failed, and may have been stored all the same

    def record(self, recording: Recording) -> None:
        """Begin to store a tape."""
        self._recordings[recording.tape.stream_id] = recording
        self._work.set()

    def release(self, recording: Recording) -> None:
        """Store no more of it: its end is being written, with the whole text, or the lease was lost."""
        recording.closing = True
        if self._recordings.get(recording.tape.stream_id) is recording:
            del self._recordings[recording.tape.stream_id]

    def run(self) -> None:
        """Write for ever; supervised by the engine."""
        while True:
            self._work.wait()
            went_well = self.tick()
            if not self._recordings:
                self._work.clear()
            gevent.sleep(self._tick_s if went_well else RETRY_S)

    def tick(self) -> bool:
        """Store what is due now; False when that failed: nothing is lost, the next tick writes it again."""
        now = self._clock()
        ready = [r for r in self._recordings.values() if not r.waits]
        due = [(r, upto) for r in ready if (upto := r.batcher.ready(now)) is not None]
        if not due:
            return True
        batches = [
            self._batch(r.tape.stream_id, r.tape.epoch, r.stored, r.tape.data[r.stored : upto].decode())
            for r, upto in due
        ]
        try:
            lost = self._append(batches, again=self._unsure)
        except Exception as error:
            self._unsure = True
            self.tally.failed_flushes += 1
            if not isinstance(error, StoreAway):  # the store says it, once an outage; the text waits
                log.exception("flush failed", streams=[r.tape.stream_id for r, _ in due])
            return False
        self._unsure = False
        self.tally.flush_s.add(self._clock() - now)
        self.tally.flush_bytes.add(sum(upto - r.stored for r, upto in due))
        for recording, upto in due:
            if recording.tape.stream_id not in lost:
                recording.stored = upto
                recording.batcher.stored(upto)
            elif not recording.closing:
                self.release(recording)  # its source may take long to let go: it is not tried again meanwhile
                recording.on_lost()
        return True
