"""The machine: two processes on one file that write two streams; each rule moves them and the model alike."""

import itertools

import gevent
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import delete

from chat.core.lifecycle import Status, is_final, is_streaming
from chat.store.transaction import Transaction
from tests.model.answer import Answer, promise
from tests.model.processes import FLUSH_MS, LEASE_S, HookFailed, Parts, Process, World, notes
from tests.model.reading import FIRST_OR_SECOND, Reading

ENDS = st.sampled_from([Status.DONE, Status.STOPPED, Status.ERROR, Status.INTERRUPTED])
DELTAS = st.lists(
    st.sampled_from(["word", " ", "One. ", "\n\n", "é", "世界", "。", "😀", "x" * 1500, "e.g. "]),
    min_size=1,
    max_size=6,
)
numbers = itertools.count()


class StreamLog(Reading):
    """Two processes, two streams, three readers; what the rules do, the model does too."""

    def __init__(self, world: World, parts: Parts) -> None:
        super().__init__(world)
        world.now = 1024.0  # and all times are sums of halves: a replay rounds as the first run did
        self.parts = parts
        self.processes = [self._boot(), self._boot()]
        self.dead: set[str] = set()

    @initialize(rules=st.tuples(*[st.sampled_from(["word", "sentence", "paragraph", "5"])] * 2))
    def ask(self, rules: tuple[str, str]) -> None:
        self.answers = [self._create(chunk_by) for chunk_by in rules]
        self.claim(0, first=0)
        for which in (0, 1):
            self.arrive(0, place=0, epoch=0, at=which, pace="delta", by_id=False)
        self.subscribe(0, at=1)

    def _boot(self) -> Process:
        return Process(self.world, f"process {next(numbers)}", self.parts)

    def _create(self, chunk_by: str) -> Answer:
        answer = Answer(f"stream{next(numbers)}", chunk_by)
        streams = self.processes[0].streams
        self.world.store.write(lambda tx: streams.create(tx, answer.id, chunk_by=chunk_by))
        return answer

    def _answer(self, stream_id: str) -> Answer:
        gone = Answer(stream_id, "word")
        return next((answer for answer in self.answers if answer.id == stream_id), gone)

    @property
    def recordings(self) -> list[tuple[Process, Answer]]:
        """All that is being recorded somewhere, by right or not."""
        return [(process, self._answer(name)) for process in self.processes for name in process.recordings]

    # ── writing ──────────────────────────────────────────────────────────────────────────────

    @rule(which=FIRST_OR_SECOND, first=FIRST_OR_SECOND)
    def claim(self, which: int, first: int) -> None:
        """Both processes want it at once; one gets it, if it was to be had."""
        answer = self.answers[which]
        free = answer.is_free
        sources = {Status.PENDING, Status.INTERRUPTED}
        wanting = (self.processes[first], self.processes[1 - first])
        claims = [(process, gevent.spawn(process.claim, answer.id, sources)) for process in wanting]
        winners = [process for process, claim in claims if claim.get() is not None]
        promise(1, len(winners) == free, f"{len(winners)} processes hold one stream")
        for winner in winners:
            answer.claim(winner, self.world.now)
        if is_final(answer.status):  # nothing more can happen to it
            self.remove(which)

    @precondition(lambda self: self.recordings)
    @rule(which=st.integers(0, 3), deltas=DELTAS)
    def hear(self, which: int, deltas: list[str]) -> None:
        process, answer = self.recordings[which % len(self.recordings)]
        for delta in deltas:
            if answer.is_held_by(process):
                process.hear(answer.id, delta)
                answer.hear(delta, self.world.now)
            else:
                process.hear(answer.id, delta + "☠")

    @precondition(lambda self: self.recordings)
    @rule(which=FIRST_OR_SECOND, down=st.sampled_from([None, None, "database", "reply"]))
    def tick(self, which: int, down: str | None = None) -> None:
        """One flush; the database may be down, or store it and lose the answer."""
        process = self.processes[which]
        self.world.broken = down
        process.writer.tick()
        self.world.broken = None
        before = [answer.stored for answer in self.answers]
        self.what_is_stored()
        for answer, stored in zip(self.answers, before, strict=True):
            if answer.is_held_by(process) and down == "reply":
                continue
            if answer.is_held_by(process) and not down:
                owed = answer.owed(self.world.now, FLUSH_MS / 1000)
                promise(5, len(answer.stored) >= owed, "text waits beyond its batch")
            else:
                promise(4, answer.stored == stored, "who has no lease stored something")

    @rule(deltas=DELTAS, seconds=st.sampled_from([0, 0.5]), seen=st.booleans(), alone=st.booleans())
    def go_on(self, deltas: list[str], seconds: float, seen: bool, alone: bool) -> None:
        """What happens most: deltas come, are seen, time goes by, the writers tick."""
        for which, answer in enumerate(self.answers):
            if answer.holder is None and not (alone and which):
                self.claim(which, first=which)
        for which in range(len(self.recordings)):
            self.hear(which, deltas)
        if seen:
            self.read()
        self.world.now += seconds
        for which, _ in enumerate(self.processes):
            self.tick(which)

    @rule(deltas=DELTAS)
    def go_on_and_on(self, deltas: list[str]) -> None:
        for _ in range(3):
            self.go_on(deltas, seconds=0.25, seen=False, alone=True)

    @rule(
        which=FIRST_OR_SECOND,
        how=st.sampled_from(["killed", "paused"]),
        last_words=DELTAS,
        wakes=st.sampled_from(["never", "writes", "ends"]),
    )
    def take_over(self, which: int, how: str, last_words: list[str], wakes: str) -> None:
        """The process that holds it dies or sleeps too long after a few words; another one goes on."""
        answer = self.answers[which]
        place = self.processes.index(answer.holder) if answer.holder in self.processes else 0
        for each in range(len(self.recordings)):
            self.hear(each, last_words)
        self.read()
        if how == "killed":
            self.crash(place)
        else:
            self.world.now += LEASE_S + 0.5
        self.reap(1 - place)
        self.claim(which, first=1 - place)
        for each, watcher in enumerate(self.watchers):
            if watcher.reader is None:
                self.come_back(each, at=1 - place, pace="delta", by_id=place == 0)
        sleepers = [each for each, it in enumerate(self.recordings) if it == (self.processes[place], answer)]
        for zombie in sleepers:
            self.hear(zombie, last_words)
            if wakes == "writes":
                self.tick(place)
            elif wakes == "ends":
                self.end(zombie, Status.DONE, hook=None)

    # ── ending ───────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.recordings)
    @rule(
        which=st.integers(0, 3),
        status=ENDS,
        hook=st.sampled_from([None, "hook"]),
        last_words=st.none() | DELTAS,
    )
    def end(self, which: int, status: Status, hook: str | None, last_words: list[str] | None = None) -> None:
        """The provider is done, or somebody else is; what was just heard has not been flushed."""
        if last_words:
            self.hear(which, last_words)
        process, answer = self.recordings[which % len(self.recordings)]
        rightful = answer.is_held_by(process)
        self.world.broken = hook
        try:
            kept = process.end(answer.id, status)
        except HookFailed:
            self.world.broken = None
            self.what_is_stored()  # nothing may have changed
            return self.wait(LEASE_S + 0.5, renewing={0, 1}, reaping=True)
        self.world.broken = None
        promise(8, not (rightful and hook), "the end was stored without its message")
        promise(4, kept == rightful, "an end was stored without a lease, or not with one")
        if kept:
            answer.stored = answer.heard
            answer.end(status)

    @rule(which=FIRST_OR_SECOND, how=st.sampled_from(["crash", "remove", "stop"]))
    def disturb(self, which: int, how: str) -> None:
        {"crash": self.crash, "remove": self.remove, "stop": self.stop}[how](which)

    def stop(self, which: int) -> None:
        """Somebody wants the end of it, and does not know who generates it."""
        answer = self.answers[which]
        idle = answer.is_free
        assert self.processes[0].streams.stop_idle(answer.id) == idle
        if idle:
            answer.end(Status.STOPPED)
        else:
            self.processes[0].streams.request_stop(answer.id)
            answer.stop_requested = is_streaming(answer.status)

    def crash(self, which: int) -> None:
        """Kill -9: tapes, mirrors and connections are gone, what is stored is not."""
        for watcher in self.watchers:
            if watcher.process is self.processes[which]:
                watcher.leave()
        self.dead.add(self.processes[which].name)
        self.processes[which] = self._boot()

    @rule(
        seconds=st.sampled_from([0.125, 0.5, 3.0, 6.5]),
        renewing=st.sets(FIRST_OR_SECOND),
        reaping=st.booleans(),
    )
    def wait(self, seconds: float, renewing: set[int], reaping: bool) -> None:
        """Time goes by; who is awake renews, and may reap."""
        self.world.now += seconds
        for which in sorted(renewing):
            self.renew(which)
        if reaping:
            self.reap(0)

    def renew(self, which: int) -> None:
        process = self.processes[which]
        rightful = {answer.id for answer in self.answers if answer.is_held_by(process)}
        process.renew()
        assert set(process.recordings) == rightful, "who lost a lease was not told, or somebody else was"
        for answer in self.answers:
            if answer.id in rightful:
                answer.lease_until = self.world.now + LEASE_S

    @rule(which=FIRST_OR_SECOND)
    def reap(self, which: int) -> None:
        orphans = self._orphans()
        reaped = self.processes[which].reap(self.dead.__contains__)
        promise(6, set(reaped) == {answer.id for answer in orphans}, "an orphan is left, or one was made")
        for answer in orphans:
            answer.end(Status.STOPPED if answer.stop_requested else Status.INTERRUPTED)

    @rule(which=FIRST_OR_SECOND, with_tails=st.booleans())
    def adopt(self, which: int, with_tails: bool) -> None:
        """A process goes on with what it finds orphaned; shared tapes may know more than is stored."""
        process, orphans = self.processes[which], self._orphans()
        for answer in orphans:
            answer.heard = answer.heard if with_tails else answer.stored
        tails = {it.id: (len(it.stored), it.heard[len(it.stored) :]) for it in orphans}
        adopted = process.adopt(self.dead.__contains__, tails)
        promise(6, set(adopted) == {answer.id for answer in orphans}, "an orphan is left, or one was made")
        for answer in orphans:
            answer.stored = answer.heard
            if answer.stop_requested:
                answer.end(Status.STOPPED)
            else:
                answer.claim(process, self.world.now)

    @precondition(lambda self: self.recordings)
    @rule(which=st.integers(0, 3), last_words=st.none() | DELTAS)
    def hand_over(self, which: int, last_words: list[str] | None) -> None:
        """A process that has to leave lets go of an answer, with all its text."""
        if last_words:
            self.hear(which, last_words)
        process, answer = self.recordings[which % len(self.recordings)]
        rightful = answer.is_held_by(process)
        promise(4, process.hand_over(answer.id) == rightful, "handed over without a lease, or not with one")
        if rightful:
            answer.stored, answer.holder = answer.heard, None

    def _orphans(self) -> list[Answer]:
        now = self.world.now
        return [
            it for it in self.answers
            if is_streaming(it.status)
            and (it.holder is None or it.holder.name in self.dead or it.lease_until < now)
        ]  # fmt: skip

    def remove(self, which: int) -> None:
        """Delete a stream; whoever records or reads it finds out. Another one takes its place."""
        self._delete(self.answers[which])
        self.answers[which] = self._create(self.answers[which].chunk_by)

    def _delete(self, *answers: Answer) -> None:
        def remove(tx: Transaction) -> None:
            for answer in answers:
                self.processes[0].streams.delete(tx, answer.id)
                tx.execute(delete(notes).where(notes.c.stream_id == answer.id))

        self.world.store.write(remove)

    # ── always ───────────────────────────────────────────────────────────────────────────────

    @invariant()
    def what_is_stored(self) -> None:
        """Look into the tables themselves, for a look through the code would believe its bugs."""
        for answer in self.answers:
            row = self.world.row(answer.id)
            promise(2, row.data.startswith(answer.stored), "stored text was changed, not appended to")
            promise(2, answer.heard.startswith(row.data), "what is stored is no prefix of what came")
            answer.stored = row.data
            here, there = (answer.status, answer.bases), (row.status, row.bases)
            promise(4, here == there, f"{there} where {here} was written by right")
            promise(
                8,
                row.note == (None if answer.is_pending else answer.status),
                "stream and message differ",
            )
            if not is_streaming(answer.status):
                promise(8, row.data == answer.heard, "the end was stored without all that came")
                promise(
                    8, (row.chunks, row.length) == (0, len(row.data)), "chunks of a stream that has ended"
                )

    def teardown(self) -> None:
        try:
            for watcher in self.watchers:
                self._read(watcher)
        finally:
            for watcher in self.watchers:
                watcher.leave()
            self._delete(*self.answers)
        assert not any(len(process.mirrors) for process in self.processes), (
            "a mirror without a reader is left"
        )
