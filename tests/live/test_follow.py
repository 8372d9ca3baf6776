"""Following either log: every byte once, from any place, to the end record."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from gevent.event import Event

from chat.core.frames import Close, End, Rewind, Slice
from chat.core.lifecycle import Status
from chat.core.log import SLICE_BYTES
from chat.live.follow import catch_up
from tests.live.neighbours import until
from tests.patience import PATIENCE_S
from tests.rig import Rig, text_of

WORDS = [f"Wort {number}. Ünï {number}! " for number in range(40)]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = Rig(tmp_path)
    made.engine.start()
    return made


def slowly() -> Iterator[str]:
    for word in WORDS:
        yield word
        gevent.sleep(0.003)


@pytest.mark.parametrize("pace", ["delta", "stored"])
def test_readers_who_come_at_any_time_get_the_same_bytes_once(rig: Rig, pace: str):
    stream = rig.stream(slowly())
    early = [gevent.spawn(rig.follow, stream, pace) for _ in range(3)]
    gevent.sleep(0.01)
    assert rig.engine.drive(stream)
    gevent.sleep(0.05)
    late = gevent.spawn(rig.follow, stream, pace)
    for reader in [*early, late]:
        frames = reader.get(timeout=PATIENCE_S)
        assert text_of(frames) == "".join(WORDS)
        assert frames[-1] == End(Status.DONE, len("".join(WORDS).encode()), 1, finish_reason="stop")
    assert text_of(rig.follow(stream, pace)) == "".join(WORDS), "after the end, the same"


def test_a_viewer_has_only_ever_seen_stored_text(rig: Rig):
    stream = rig.stream(slowly())
    rig.engine.drive(stream)
    with rig.reading(stream) as frames:
        for frame in frames:
            if isinstance(frame, Slice):
                assert len(rig.text(stream).encode()) >= frame.end


def test_many_viewers_cost_one_read_per_batch(rig: Rig):
    stream = rig.stream(slowly())
    viewers = [gevent.spawn(rig.follow, stream) for _ in range(50)]
    gevent.sleep(0.01)
    rig.engine.drive(stream)
    batches = [len(viewer.get(timeout=PATIENCE_S)) for viewer in viewers]
    assert rig.reads <= max(batches) + 5, "the mirror reads once, whoever waits"
    assert len(rig.mirrors) == 0, "and goes with its last reader"


def test_a_waiting_viewer_reads_nothing(rig: Rig):
    stream = rig.stream()
    viewers = [gevent.spawn(rig.follow, stream) for _ in range(5)]
    until(lambda: rig.reads)
    gevent.sleep(0.3)
    assert rig.reads == 1
    gevent.killall(viewers)


def test_a_ring_is_not_forgotten_when_the_read_fails(rig: Rig, monkeypatch):
    stream = rig.stream()
    with rig.mirrors.open(stream) as mirror:
        mirror.refresh()
        rig.streams.claim(stream, {Status.PENDING})
        gevent.sleep(0)
        with monkeypatch.context() as patch:
            patch.setattr(mirror, "_fetch", lambda *place: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                mirror.refresh()
        mirror.refresh()
        assert mirror.epoch == 1


def test_a_deleted_stream_closes_its_readers(rig: Rig):
    stream = rig.stream(slowly())
    rig.engine.drive(stream)
    readers = [gevent.spawn(rig.follow, stream, pace) for pace in ("delta", "stored")]
    gevent.sleep(0.03)
    rig.engine.forget(stream)
    rig.store.write(lambda tx: rig.streams.delete(tx, stream))
    for reader in readers:
        assert reader.get(timeout=PATIENCE_S)[-1] == Close()


def test_a_tape_reader_is_rewound_to_the_base_of_a_takeover(tmp_path: Path):
    """A zombie's tape is lost; what its reader had beyond the base comes anew, from the next epoch."""
    zombie, heir = Rig(tmp_path, owner="zombie"), Rig(tmp_path, owner="heir")

    stored = Event()

    def endless() -> Iterator[str]:
        yield "Stored. "
        stored.wait()
        yield "only on the tape"
        gevent.sleep(3600)

    stream = zombie.stream(endless())
    gevent.spawn(zombie.writer.run)
    zombie.engine.drive(stream)
    with zombie.reading(stream, "delta", 0, 1) as frames:
        assert next(frames).data == b"Stored. "
        until(lambda: zombie.text(stream) == "Stored. ")
        zombie.writer.tick = lambda: None  # it stores no more
        stored.set()
        assert next(frames).data == b"only on the tape"
        heir.lease_clock.now += 100
        (orphan,) = heir.streams.orphans(lambda owner: False)
        assert heir.streams.interrupt(orphan)
        heir.sources[stream] = ["and ", "more."]
        assert heir.engine.drive(stream, resume=True)
        heir.follow(stream, "delta", 8, 2)
        zombie.engine._running[stream].tape.lost = True  # what its renewal finds
        zombie.bell.ring([f"stream:{stream}", f"tape:{stream}"])
        assert next(frames) == Rewind(len("Stored. "), 2)
        *rest, frame = list(frames)
    assert b"".join(piece.data for piece in rest) == b"and more."
    assert frame.status == Status.DONE
    assert frame.epoch == 2
    assert heir.text(stream) == "Stored. and more."


@pytest.mark.parametrize("pace", ["delta", "stored"])
def test_reading_goes_on_from_every_offset(rig: Rig, pace: str):
    stream = rig.stream(["häß", "lich 🎈 ok"])
    rig.engine.drive(stream)
    whole = text_of(rig.follow(stream, pace)).encode()
    for offset in range(len(whole) + 1):
        if offset < len(whole) and whole[offset] & 0xC0 == 0x80:
            continue
        rest = b"".join(f.data for f in rig.follow(stream, pace, offset, 1) if isinstance(f, Slice))
        assert rest == whole[offset:]


def test_a_reader_who_takes_nothing_holds_one_slice_and_not_the_whole_answer(rig: Rig):
    text = "ö€😀" * 30_000
    stream = rig.stream([text])
    rig.engine.drive(stream)
    rig.follow(stream)
    with rig.reading(stream) as frames:
        first = next(frames)
        with rig.logs.reader(stream, "stored") as reader:
            told = catch_up(reader.look(), 0, 1, most=SLICE_BYTES)
        assert [type(frame) for frame in told] == [Slice], "one slice, and no end before all is told"
        seen = [first, *frames]
    assert text_of(seen) == text
    assert all(len(frame.data) <= SLICE_BYTES for frame in seen[:-1])
