"""The reading half of the machine: who watches, from where, and what they must hold after each look."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from chat.live.follow import catch_up
from chat.live.logs import Pace
from chat.live.tape import Tape
from chat.store.stored import written_of
from tests.model.answer import Answer, Watcher, promise
from tests.model.processes import Process, World

FIRST_OR_SECOND = st.integers(0, 1)
PACES: st.SearchStrategy[Pace] = st.sampled_from(["stored", "delta"])


class Reading(RuleBasedStateMachine):
    """Three readers at a time, of two streams, through two processes."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.processes: list[Process] = []
        self.answers: list[Answer] = []
        self.watchers: list[Watcher] = []

    @rule(
        which=FIRST_OR_SECOND,
        place=st.integers(0, 40),
        epoch=st.integers(0, 9),
        at=FIRST_OR_SECOND,
        pace=PACES,
        by_id=st.booleans(),
    )
    def arrive(self, which: int, place: int, epoch: int, at: int, pace: Pace, by_id: bool) -> None:
        """Somebody comes who has read some of it, perhaps long ago and from a tape that is gone."""
        answer = self.answers[which]
        epoch = min(epoch, answer.epoch)
        sure = answer.stored if epoch == answer.epoch else answer.stored[: answer.bases[epoch]]
        watcher = Watcher(answer, (sure + b"?" * 40)[:place], epoch, tape_reader=True)
        if epoch == answer.epoch:
            watcher.text = answer.heard[:place]
        watcher.connect(self.processes[at], pace, by_id=by_id)
        self._seat(watcher)

    @rule(which=FIRST_OR_SECOND, at=FIRST_OR_SECOND)
    def subscribe(self, which: int, at: int) -> None:
        """A viewer: from the beginning, at the store's pace."""
        watcher = Watcher(self.answers[which], b"", 0)
        watcher.connect(self.processes[at], "stored", by_id=False)
        self._seat(watcher)

    def _seat(self, watcher: Watcher) -> None:
        self.watchers.append(watcher)
        for former in self.watchers[:-3]:
            former.leave()
        del self.watchers[:-3]

    @precondition(lambda self: self.watchers)
    @rule(which=st.integers(0, 2), at=FIRST_OR_SECOND, pace=PACES, by_id=st.booleans())
    def come_back(self, which: int, at: int, pace: Pace, by_id: bool) -> None:
        """A reader was cut off, and goes on wherever it lands."""
        watcher = self.watchers[which % len(self.watchers)]
        pace = pace if watcher.tape_reader else "stored"
        watcher.connect(self.processes[at], pace, by_id=by_id)

    @rule(offset=st.integers(0, 3000))
    def read(self, offset: int = 0) -> None:
        """Everybody takes what is new; and a plain GET reads the same from any offset."""
        for watcher in self.watchers:
            self._read(watcher)
        for answer in self.answers:
            found = self.processes[0].streams.read(answer.id, offset)
            whole = self.world.store.read(lambda conn, name=answer.id: written_of(conn, [name])[name].text)
            assert found is not None
            promise(3, found.data == whole.encode()[offset:], "a GET gives other bytes than are stored")

    def _read(self, watcher: Watcher) -> None:
        if watcher.reader is None:
            return
        log, answer = watcher.reader.look(), watcher.answer
        if log is None:
            assert answer not in self.answers, "a living stream was said to be gone"
            return
        watcher.take(catch_up(log, len(watcher.text), watcher.epoch))
        if answer not in self.answers:
            return
        if isinstance(log, Tape) and not self._is_rightful(log, answer):
            # Nobody told that process yet. What it shows beyond the next base will be taken back.
            sure = answer.bases[log.epoch] if log.epoch < answer.epoch else len(answer.stored)
            promise(
                3, answer.stored[:sure].startswith(watcher.text[:sure]), "a zombie changed what was stored"
            )
        elif isinstance(log, Tape):
            promise(3, watcher.text == answer.heard, "the tape gave other bytes than came")
        elif len(watcher.text) > len(answer.stored) and log.end is None:
            promise(3, answer.heard.startswith(watcher.text), "who is ahead of the store holds other bytes")
        else:
            promise(3, watcher.text == answer.stored, "a reader has other bytes than are stored")

    def _is_rightful(self, tape: Tape, answer: Answer) -> bool:
        return tape.epoch == answer.epoch and answer.holder is not None and answer.is_held_by(answer.holder)
