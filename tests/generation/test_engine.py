"""The engine: one generation, an end for every stream, stops that stop, leases that fence."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from chat.core.frames import End
from chat.core.lifecycle import Status
from chat.generation import insisting
from chat.generation.engine import Draining, NoSource, Pace
from chat.generation.reaper import Waits
from chat.generation.runner import Limits
from chat.store.streams import Batch
from tests.patience import PATIENCE_S
from tests.rig import Rig, text_of


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = Rig(tmp_path)
    made.engine.start()
    return made


def drip(count: int = 1_000_000, pause: float = 0.005) -> Iterator[str]:
    """Say something now and then; without a count for longer than any test lasts."""
    for number in range(count):
        yield f"drop {number} "
        gevent.sleep(pause)


def reap(rig: Rig, is_dead=lambda owner: False) -> list[str]:
    return [orphan.id for orphan in rig.streams.orphans(is_dead) if rig.streams.interrupt(orphan)]


def wait_for(condition, seconds: float = PATIENCE_S) -> None:
    with gevent.Timeout(seconds):
        while not condition():
            gevent.sleep(0.01)


def test_of_many_starts_exactly_one_generates(rig: Rig):
    begun = []

    def source() -> Iterator[str]:
        begun.append(1)
        yield "once."

    stream = rig.stream()
    starts = [gevent.spawn(rig.engine.run, stream, source) for _ in range(50)]
    gevent.joinall(starts, raise_error=True)
    assert sorted(start.value for start in starts) == [False] * 49 + [True]
    assert text_of(rig.follow(stream)) == "once."
    assert begun == [1]


def test_an_answer_goes_on_when_nobody_listens(rig: Rig):
    stream = rig.stream(drip(20))
    rig.engine.drive(stream)
    wait_for(lambda: rig.status(stream) == Status.DONE)
    assert rig.text(stream) == "".join(f"drop {n} " for n in range(20))


def test_stop_keeps_what_came(rig: Rig):
    stream = rig.stream(drip())
    rig.engine.drive(stream)
    wait_for(lambda: rig.text(stream).startswith("drop 0 drop 1 "))
    assert rig.engine.stop(stream) in (Status.STREAMING, Status.STOPPED)
    frames = rig.follow(stream, "delta")
    assert frames[-1].status == Status.STOPPED
    assert text_of(frames) == rig.text(stream)
    assert rig.text(stream).startswith("drop 0 drop 1 ")
    assert rig.engine.stop(stream) == Status.STOPPED, "stopping twice is harmless"


def test_stop_works_before_the_first_token(rig: Rig):
    stream = rig.stream(drip())
    assert rig.engine.stop(stream) == Status.STOPPED
    assert not rig.engine.drive(stream)


def test_stopping_what_is_done_changes_nothing(rig: Rig):
    stream = rig.stream(["done."])
    rig.engine.drive(stream)
    rig.follow(stream)
    assert rig.engine.stop(stream) == Status.DONE


def test_nobody_can_stop_what_is_not_there(rig: Rig):
    assert rig.engine.stop("nothing") is None


def test_what_a_generator_raises_ends_the_stream_in_plain_words_with_its_text(rig: Rig):
    def breaks() -> Iterator[str]:
        yield "so far "
        raise ZeroDivisionError("secret detail")

    stream = rig.stream(breaks())
    rig.engine.drive(stream)
    frames = rig.follow(stream)
    assert text_of(frames) == "so far "
    assert frames[-1] == End(
        Status.ERROR, 7, 1, None, {"code": "internal", "message": "Something went wrong while answering."}
    )


def test_an_answer_beyond_the_limit_is_an_error_with_its_text_kept(tmp_path: Path):
    rig = Rig(tmp_path, limits=Limits(bytes=100, seconds=900))
    rig.engine.start()
    stream = rig.stream(["x" * 60, "y" * 60, "z" * 60])
    rig.engine.drive(stream)
    frames = rig.follow(stream)
    assert text_of(frames) == "x" * 60 + "y" * 60
    assert frames[-1].error["code"] == "too_large"


def test_an_answer_that_takes_too_long_is_an_error(tmp_path: Path):
    rig = Rig(tmp_path, limits=Limits(bytes=0, seconds=0.05))
    rig.engine.start()
    stream = rig.stream(drip())
    rig.engine.drive(stream)
    assert rig.follow(stream)[-1].error["code"] == "timed_out"


def test_draining_stores_everything_and_marks_it_interrupted(rig: Rig):
    streams = [rig.stream(drip()) for _ in range(5)]
    for stream in streams:
        rig.engine.drive(stream)
    wait_for(lambda: all(rig.text(stream) for stream in streams))
    tapes = [rig.tapes.get(stream) for stream in streams]
    assert rig.engine.drain(PATIENCE_S)
    for stream, tape in zip(streams, tapes, strict=True):
        assert rig.status(stream) == Status.INTERRUPTED
        assert rig.text(stream) == tape.data.decode() != ""
    with pytest.raises(Draining):
        rig.engine.drive(rig.stream(["no more"]))


def test_an_interrupted_answer_goes_on_from_its_text_in_the_next_epoch(rig: Rig, tmp_path: Path):
    stream = rig.stream()
    rig.engine.run(stream, lambda: _then_wait("first half, "))
    wait_for(lambda: rig.text(stream) == "first half, ")
    rig.engine.drain(PATIENCE_S)
    successor = Rig(tmp_path, owner="successor")
    successor.engine.start()
    successor.sources[stream] = ["second half."]
    assert not successor.engine.drive(stream), "only who asks to resume claims it again"
    assert successor.engine.drive(stream, resume=True)
    frames = successor.follow(stream)
    assert text_of(frames) == "first half, second half."
    assert (frames[-1].status, frames[-1].epoch) == (Status.DONE, 2)
    assert successor.streams.state(stream).bases == (0, 12)


def _then_wait(text: str) -> Iterator[str]:
    yield text
    while True:
        gevent.sleep(0.01)
        yield ""


def test_what_a_dead_process_left_is_interrupted_with_its_stored_text(tmp_path: Path):
    dead = Rig(tmp_path, owner="nobody-knows")
    stream = dead.stream()
    assert dead.streams.claim(stream, {Status.PENDING})
    dead.streams.append([Batch(stream, 1, 0, "kept. ")])
    heir = Rig(tmp_path)
    heir.engine.start()  # looks at once, before anything else
    assert heir.status(stream) == Status.INTERRUPTED
    assert heir.text(stream) == "kept. "


def test_a_lease_that_ran_out_is_freed_and_its_zombie_writes_nothing(tmp_path: Path):
    zombie, heir = Rig(tmp_path), Rig(tmp_path)
    stream = zombie.stream()
    zombie.streams.claim(stream, {Status.PENDING})
    assert heir.streams.orphans(lambda owner: False) == [], "a lease that holds is respected"
    heir.lease_clock.now += 7
    assert reap(heir) == [stream]
    assert zombie.streams.append([Batch(stream, 1, 0, "late")]) == {stream}
    assert not zombie.streams.close(stream, 1, Status.DONE, text="late")
    assert zombie.streams.renew({stream: 1}) == ({stream}, set())
    assert heir.text(stream) == ""


def test_the_server_starts_what_nobody_drives_but_what_only_a_generator_can_feed(tmp_path: Path):
    rig = Rig(tmp_path, pace=Pace(flush_ms=50, reap_s=0.1, waits=Waits(start_pending_s=(0.2, 0.3))))
    rig.engine.start()
    stream = rig.stream()
    with pytest.raises(NoSource):
        rig.engine.drive(stream)
    later = rig.stream(["on my own."])
    wait_for(lambda: rig.status(later) == Status.DONE)
    assert rig.text(later) == "on my own."
    assert rig.status(stream) == Status.PENDING
    assert rig.engine.run(stream, lambda: ["here"])


def test_a_flush_that_fails_loses_nothing(rig: Rig):
    real, failures = rig.streams.append, []

    def sometimes(batches, **how):
        if len(failures) < 3:
            failures.append(1)
            raise OSError("disk full")
        return real(batches, **how)

    rig.writer._append = sometimes
    stream = rig.stream(drip(60))
    rig.engine.drive(stream)
    assert text_of(rig.follow(stream)) == "".join(f"drop {n} " for n in range(60))
    assert failures


def test_an_end_that_cannot_be_stored_yet_is_stored_later_with_all_its_text(rig: Rig, monkeypatch):
    monkeypatch.setattr(insisting, "INSIST_PAUSE_S", 0.01)
    real, failures = rig.streams.close, []

    def sometimes(*args, **fields):
        if len(failures) < 3:
            failures.append(1)
            raise OSError("disk full")
        return real(*args, **fields)

    rig.runner._close_stream = sometimes
    stream = rig.stream(["all of it"])
    rig.engine.drive(stream)
    assert text_of(rig.follow(stream)) == "all of it"
    assert (rig.status(stream), len(failures)) == (Status.DONE, 3)


def test_a_lease_renewed_late_is_not_reaped_by_the_process_that_writes(rig: Rig):
    stream = rig.stream(drip(20))
    rig.engine.drive(stream)
    rig.lease_clock.now += 60  # the disk was full, or the machine slept
    rig.engine._reaper._leases_count_from = 0
    rig.engine._reaper.reap()
    assert rig.status(stream) == Status.STREAMING
    wait_for(lambda: rig.status(stream) == Status.DONE)


def test_a_pending_stream_that_cannot_begin_holds_up_no_other(rig: Rig):
    rig.engine._reaper._waits = Waits(start_pending_s=(0, 0))
    broken, good = rig.stream(), rig.stream(["fine"])
    real = rig.engine._open_source

    def open_source(state, so_far):
        if state.id == broken:
            raise KeyError("prompt")
        return real(state, so_far)

    rig.engine._open_source = open_source
    rig.engine._reaper.start_pending()
    wait_for(lambda: rig.status(good) == Status.DONE)
    rig.engine.stop(broken)  # or it would be tried, and logged, as long as this process of tests runs
