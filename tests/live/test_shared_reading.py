"""Reading elsewhere what is written here: token by token, whatever dies, and the same bytes at the end."""

import random
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from gevent.event import Event

from chat.core.frames import End, Frame, Rewind, Slice
from chat.core.lifecycle import Status
from chat.core.log import check_place
from chat.store.leases import Orphan
from chat.store.streams import Batch
from tests.live.neighbours import running, until
from tests.patience import PATIENCE_S
from tests.rig import Rig, text_of
from tests.services import Redis


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def rigs(tmp_path: Path, redis: Redis) -> Iterator[tuple[Rig, Rig, Rig]]:
    """Three processes on one file: an owner, an heir, and one that only reads."""
    redis.flush()
    made = [
        Rig(tmp_path, owner=name, continues=True, redis_url=redis.url) for name in ("owner", "heir", "reader")
    ]
    for rig in made:
        rig.bell.relay.health_s = 0.25
    with running(*(rig.bell for rig in made)):
        rounds = [gevent.spawn(run) for rig in made for _, run in rig.shared.rounds]
        yield made[0], made[1], made[2]
        gevent.killall(rounds)


class Script:
    """A source that goes on when it is told to."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.over = False
        self._go = Event()

    def say(self, *pieces: str, over: bool = False) -> None:
        self.pieces += pieces
        self.over = over
        self._go.set()

    def __iter__(self) -> Iterator[str]:
        while True:
            while self.pieces:
                yield self.pieces.pop(0)
            if self.over:
                return
            self._go.wait()
            self._go.clear()


class Attached:
    """A reader that stays: what it was told, and the text that a client would show by now."""

    def __init__(self, rig: Rig, stream_id: str, offset: int = 0, epoch: int = 0) -> None:
        self.frames: list[Frame] = []
        self.text = b""
        self.rewound: list[int] = []
        self.greenlet = gevent.spawn(self._read, rig, stream_id, offset, epoch)

    def _read(self, rig: Rig, stream_id: str, offset: int, epoch: int) -> None:
        self.text = b"." * offset
        with rig.reading(stream_id, "delta", offset, epoch) as frames:
            for frame in frames:
                self.frames.append(frame)
                match frame:
                    case Slice():
                        assert frame.offset == len(self.text), "a gap, or a double"
                        self.text += frame.data
                    case Rewind():
                        self.rewound.append(frame.offset)
                        self.text = self.text[: frame.offset]

    @property
    def end(self) -> End:
        end = self.frames[-1]
        assert isinstance(end, End)
        return end


def begin(owner: Rig, *pieces: str) -> tuple[str, Script]:
    """Start a stream of which nothing is stored before its end: no writer runs."""
    script = Script()
    stream = owner.stream(script, chunk_by="paragraph")
    script.say(*pieces)
    assert owner.engine.drive(stream)
    return stream, script


def test_a_reader_elsewhere_gets_what_is_not_stored_yet(rigs: tuple[Rig, Rig, Rig]):
    owner, _, reader = rigs
    stream, script = begin(owner, "Äll ", "of it ")
    there = Attached(reader, stream)
    until(lambda: there.text == "Äll of it ".encode())
    assert owner.text(stream) == "", "nothing is stored"
    script.say("and 🎈")
    until(lambda: there.text == "Äll of it and 🎈".encode())
    script.say(" more.", over=True)
    there.greenlet.join(PATIENCE_S)
    assert there.text.decode() == reader.text(stream) == "Äll of it and 🎈 more."
    assert there.end.status == Status.DONE
    assert not there.rewound


def test_a_place_ahead_of_the_store_is_accepted_where_the_tape_can_be_read(rigs: tuple[Rig, Rig, Rig]):
    owner, _, reader = rigs
    stream, script = begin(owner, "not stored")

    def ahead() -> bool:
        with reader.logs.reader(stream, "delta") as place:
            log = place.look()
            return len(log.data) == len("not stored")

    until(ahead)
    with reader.logs.reader(stream, "delta") as place:
        log = place.look()
        check_place(6, 1, bases=log.bases, text=log.data)
    with reader.logs.reader(stream, "stored") as place:
        assert place.look().data == b""
    there = Attached(reader, stream, 4, 1)
    script.say(".", over=True)
    there.greenlet.join(PATIENCE_S)
    assert there.text == b"....stored."


def test_many_readers_cost_one_read_of_redis_per_ring(
    rigs: tuple[Rig, Rig, Rig], monkeypatch: pytest.MonkeyPatch
):
    owner, _, reader = rigs
    reads = 0
    read = reader.shared.read

    def counted(*place: object) -> bytes | None:
        nonlocal reads
        reads += 1
        return read(*place)

    monkeypatch.setattr(reader.shared, "read", counted)
    stream, script = begin(owner, "begun. ")
    readers = [Attached(reader, stream) for _ in range(30)]
    until(lambda: all(one.text == b"begun. " for one in readers))
    before = reads
    for number in range(10):
        script.say(f"{number} ")
        gevent.sleep(0.05)
    until(lambda: all(len(one.text) == 27 for one in readers))
    assert reads - before <= 12
    script.say(over=True)
    gevent.joinall([one.greenlet for one in readers], timeout=PATIENCE_S)
    assert {one.text for one in readers} == {reader.text(stream).encode()}


def test_a_reader_beyond_the_base_of_a_takeover_is_rewound_and_follows_the_new_tape(
    rigs: tuple[Rig, Rig, Rig],
):
    owner, heir, reader = rigs
    stream, script = begin(owner, "stored. ")
    store(owner, stream, 0, 8)
    script.say("of a zombie")
    there = Attached(reader, stream)
    until(lambda: there.text == b"stored. of a zombie")
    taken = Script()
    heir.sources[stream] = taken
    forget_tapes(heir)
    take_over(heir, stream, epoch=1)
    taken.say("of the heir")
    until(lambda: there.text == b"stored. of the heir")
    assert there.rewound == [8]
    script.say(" still talking")  # onto a tape of an epoch that nobody reads any more
    gevent.sleep(0.2)
    assert there.text == b"stored. of the heir"
    taken.say(".", over=True)
    there.greenlet.join(PATIENCE_S)
    assert there.text.decode() == reader.text(stream) == "stored. of the heir."
    assert there.end.epoch == 2


def test_at_the_end_only_the_store_counts(rigs: tuple[Rig, Rig, Rig]):
    """A zombie's tape may be ahead of an end that others stored: its readers are cut back to it."""
    owner, _, reader = rigs
    stream, _ = begin(owner, "stored. not stored")
    store(owner, stream, 0, 8)
    there = Attached(reader, stream)
    until(lambda: there.text == b"stored. not stored")
    reader.streams.close(stream, 1, Status.INTERRUPTED, text="stored. ")
    there.greenlet.join(PATIENCE_S)
    assert there.text == b"stored. "
    assert there.rewound == [8]
    assert there.end.status == Status.INTERRUPTED


@pytest.mark.impatient
def test_a_tape_behind_the_store_holds_nobody_up(rigs: tuple[Rig, Rig, Rig], redis: Redis):
    owner, _, reader = rigs
    stream, script = begin(owner, "stored. ")
    there = Attached(reader, stream)
    until(lambda: there.text == b"stored. ")
    redis.pause()
    try:
        script.say("and on. ")
        until(lambda: owner.shared.away)
        until(lambda: len(owner.tapes.get(stream).data) == 16)
        store(owner, stream, 0, 16)
        until(lambda: there.text == b"stored. and on. ")
    finally:
        redis.resume()
    script.say("and back.")
    until(lambda: there.text == b"stored. and on. and back.")
    script.say(over=True)
    there.greenlet.join(PATIENCE_S)
    assert there.text.decode() == reader.text(stream)
    assert not there.rewound


def test_what_redis_forgets_shifts_nothing(rigs: tuple[Rig, Rig, Rig], redis: Redis):
    owner, _, reader = rigs
    stream, script = begin(owner, "begun. ")
    early = Attached(reader, stream)
    said = "begun. "
    for number in range(30):
        word = random.choice(["ünd ", "🎈", "wort ", "。"]) + str(number)
        said += word
        script.say(word)
        if number % 7 == 0:
            redis.flush()
        gevent.sleep(random.uniform(0, 0.04))
        assert said.encode().startswith(early.text)
    late = Attached(reader, stream)
    script.say(over=True)
    gevent.joinall([early.greenlet, late.greenlet], timeout=PATIENCE_S)
    assert early.text == late.text == said.encode()
    assert not early.rewound
    assert text_of(reader.follow(stream, "delta")) == said


def test_a_reader_may_be_on_the_process_that_takes_over(rigs: tuple[Rig, Rig, Rig]):
    owner, heir, _ = rigs
    stream, _ = begin(owner, "stored. not stored")
    store(owner, stream, 0, 8)
    there = Attached(heir, stream)
    until(lambda: there.text == b"stored. not stored")
    heir.sources[stream] = ["and on."]
    forget_tapes(heir)
    take_over(heir, stream, epoch=1)
    there.greenlet.join(PATIENCE_S)
    assert there.text == b"stored. and on."
    assert there.rewound == [8]


def test_a_lost_tape_sends_its_own_readers_to_the_one_that_goes_on(rigs: tuple[Rig, Rig, Rig]):
    owner, heir, _ = rigs
    stream, script = begin(owner, "stored. not stored")
    store(owner, stream, 0, 8)
    there = Attached(owner, stream)
    until(lambda: there.text == b"stored. not stored")
    taken = Script()
    heir.sources[stream] = taken
    forget_tapes(heir)
    take_over(heir, stream, epoch=1)
    taken.say("and on")
    owner.engine._running[stream].tape.lost = True  # what its renewal finds
    owner.bell.ring_here([f"tape:{stream}"])
    until(lambda: there.text == b"stored. and on")
    assert there.rewound == [8]
    taken.say(".", over=True)
    there.greenlet.join(PATIENCE_S)
    assert there.text.decode() == heir.text(stream)
    script.say(over=True)


def test_with_redis_a_takeover_goes_on_from_the_last_token(rigs: tuple[Rig, Rig, Rig]):
    owner, heir, reader = rigs
    stream, _ = begin(owner, "stored. not störed")
    store(owner, stream, 0, 8)
    there = Attached(reader, stream)
    until(lambda: there.text == "stored. not störed".encode())
    heir.sources[stream] = [", and on."]
    take_over(heir, stream, epoch=1)
    there.greenlet.join(PATIENCE_S)
    assert there.text.decode() == heir.text(stream) == "stored. not störed, and on."
    assert not there.rewound


def forget_tapes(rig: Rig) -> None:
    """Let this process take over as if Redis had nothing to tell."""
    rig.engine._salvage = lambda stream_id, epoch, offset: b""


def store(rig: Rig, stream_id: str, start: int, stop: int) -> None:
    """Store what a tape holds between two offsets, as its writer would."""
    until(lambda: len(rig.tapes.get(stream_id).data) >= stop)
    tape = rig.tapes.get(stream_id)
    assert not rig.streams.append([Batch(stream_id, tape.epoch, start, tape.data[start:stop].decode())])


def take_over(rig: Rig, stream_id: str, epoch: int) -> None:
    """Go on here with a stream whose owner is dead, as the reaper does."""
    rig.engine._adopt(Orphan(stream_id, epoch, False, 0))
    assert rig.tapes.get(stream_id) is not None
