"""The model: what must be true of one stream, in a few plain values; and a reader that believes nothing."""

from dataclasses import dataclass, field

from chat.core.frames import End, Frame, Rewind, Slice
from chat.core.lifecycle import Status, is_live, is_streaming, sources_of
from chat.core.log import OffsetProblem, check_place, resume_place
from chat.live.logs import Log, Pace, Reader
from tests.model.processes import LEASE_S, Process


def promise(number: int, kept: bool, what: str) -> None:
    """Hold one of the promises of the design."""
    assert kept, f"promise {number} is broken: {what}"


@dataclass(eq=False)
class Answer:
    """One stream. `heard` is all that the epoch in force may store; `stored` is what we have seen stored."""

    id: str
    chunk_by: str
    status: Status = Status.PENDING
    bases: list[int] = field(default_factory=list)
    heard: bytes = b""
    stored: bytes = b""
    arrivals: list[tuple[int, float]] = field(default_factory=list)  # where each delta ends, when it came
    holder: Process | None = None
    lease_until: float = 0
    stop_requested: bool = False

    @property
    def epoch(self) -> int:
        return len(self.bases)

    @property
    def is_pending(self) -> bool:
        return is_live(self.status) and not is_streaming(self.status)

    @property
    def is_free(self) -> bool:
        """Whether it can be claimed: nobody generates it, and it has not ended."""
        return self.status in sources_of(Status.STREAMING)

    def is_held_by(self, process: Process) -> bool:
        """Say whether what this process records of it may be stored."""
        recording = process.recordings.get(self.id)
        return self.holder is process and recording is not None and recording.tape.epoch == self.epoch

    def hear(self, text: str, now: float) -> None:
        self.heard += text.encode()
        self.arrivals.append((len(self.heard), now))

    def claim(self, process: Process, now: float) -> None:
        self.bases.append(len(self.stored))
        self.status, self.holder, self.lease_until = Status.STREAMING, process, now + LEASE_S
        self.heard, self.arrivals, self.stop_requested = self.stored, [], False

    def end(self, status: Status) -> None:
        """Nothing is written any more; what was not stored by now is lost, or there was nothing."""
        self.status, self.holder, self.heard, self.arrivals = status, None, self.stored, []

    def owed(self, now: float, flush_s: float) -> int:
        """Give the offset that a tick must have stored, by age, by size and by the simple rules."""
        end = len(self.heard)
        late = [
            offset for offset, came in self.arrivals if offset > len(self.stored) and now - came >= flush_s
        ]
        if late or end - len(self.stored) >= 4096:
            return end
        if self.chunk_by == "word":
            return max(self.heard.rfind(b" "), self.heard.rfind(b"\n")) + 1
        if self.chunk_by == "5":
            return end // 5 * 5 - 3  # moved back to a character boundary
        return self.heard.rfind(b"\n\n") + 2 if b"\n\n" in self.heard else 0


class Watcher:
    """A reader on the other side of the wire: the bytes it holds, the epoch it was told, nothing else."""

    def __init__(self, answer: Answer, text: bytes, epoch: int, *, tape_reader: bool = False) -> None:
        self.answer = answer
        self.text = text
        self.epoch = epoch
        self.tape_reader = tape_reader  # ever: such a one may be ahead of the store
        self.reader: Reader | None = None
        self.process: Process | None = None

    def connect(self, process: Process, pace: Pace, *, by_id: bool) -> None:
        """Ask for what follows; cut what one is told to cut, once."""
        self.leave()
        self.process, self.reader = process, process.logs.reader(self.answer.id, pace)
        self.tape_reader |= pace == "delta"
        log = self.reader.look()
        if log is None:
            return
        if by_id:
            self._cut(resume_place(len(self.text), self.epoch, bases=log.bases, text=log.data), log)
            return
        try:
            check_place(len(self.text), self.epoch, bases=log.bases, text=log.data)
        except OffsetProblem as problem:
            self._cut(problem.length or 0, log)
            check_place(len(self.text), self.epoch, bases=log.bases, text=log.data)

    def _cut(self, length: int, log: Log) -> None:
        promise(3, length <= len(self.text), "a reader was told to cut to more than it has")
        promise(2, self.tape_reader or length == len(self.text), "a viewer had to cut")
        self.text, self.epoch = self.text[:length], log.epoch

    def take(self, frames: list[Frame]) -> None:
        """Believe the frames, one after the other."""
        for frame in frames:
            match frame:
                case Slice():
                    promise(3, frame.offset == len(self.text), "a gap, or a double")
                    assert frame.text, "a slice is whole characters, and never empty"
                    self.text += frame.data
                case Rewind():
                    promise(2, self.tape_reader, "a viewer was rewound")
                    promise(3, frame.offset < len(self.text), "rewound to what one does not have")
                    self.text = self.text[: frame.offset]
                case End():
                    promise(3, frame.offset == len(self.text), "the end record gives another length")
            if isinstance(frame, Slice | Rewind | End):
                self.epoch = frame.epoch

    def leave(self) -> None:
        if self.reader is not None:
            self.reader.__exit__()
            self.reader = None
