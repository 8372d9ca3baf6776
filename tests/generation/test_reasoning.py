"""What a model thinks before it answers: a stream of its own, stored under the same promises."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import gevent
import pytest
from gevent.event import Event

from chat.core.frames import End, Slice
from chat.core.lifecycle import Status
from chat.generation.engine import NoSource
from chat.generation.generation import LeaseLost
from chat.generation.providers.types import Aborted, Delta, Finished, Item, ProviderError, Reasoning
from chat.generation.runner import Limits
from chat.generation.thinking import Desk
from chat.store.stored import StreamState
from chat.store.streams import Batch
from tests.generation.test_engine import wait_for
from tests.patience import PATIENCE_S
from tests.rig import NO_LIMITS, Rig, text_of


class Said:
    """A source of these items; a number is a pause of so many seconds, an event one until it is set."""

    def __init__(self, items: Iterator[Item | float | Event]) -> None:
        self._items = items
        self._closed = Event()

    def __iter__(self) -> Iterator[Item]:
        for item in self._items:
            if isinstance(item, float):
                if self._closed.wait(item):
                    raise Aborted
                continue
            if isinstance(item, Event):
                assert item.wait(PATIENCE_S)
                continue
            yield item
            gevent.sleep(0)
        yield Finished("stop")

    def close(self) -> None:
        self._closed.set()

    def estimate(self, answered: str) -> dict[str, int] | None:
        return {"input_tokens": 1, "output_tokens": len(answered), "estimated": True}


class Thinkers(Rig):
    """A rig whose sources think, and which notes what stands beside which stream."""

    def __init__(self, folder: Path, *, limits: Limits = NO_LIMITS, **more: object) -> None:
        super().__init__(folder, limits=limits, **more)  # type: ignore[arg-type]
        self.beside: dict[str, str] = {}
        self.wanted = True
        self.streams._on_beside = self._take

    def _take(self, tx: object, leader: str, stream_id: str) -> list[str] | None:
        if not self.wanted:
            return None
        old = self.beside.get(leader)
        self.beside[leader] = stream_id
        return [old] if old else []

    def _open(self, state: StreamState, so_far: str) -> Said:  # type: ignore[override]
        if state.id not in self.sources:
            raise NoSource(state.id)
        return Said(iter(self.sources[state.id]))  # type: ignore[arg-type]

    def reasoning(self, stream: str) -> str:
        wait_for(lambda: stream in self.beside and self.streams.state(self.beside[stream]) is not None)
        return self.beside[stream]

    def ended(self, stream: str) -> str:
        wait_for(lambda: self.status(stream) not in (Status.PENDING, Status.STREAMING))
        return self.status(stream)


THOUGHT, TEXT = "First I think. Then I think again. ", "And then I say it."


def thinking(pause: float = 0.0) -> list[Item | float]:
    return [Reasoning("First I think. "), pause, Reasoning("Then I think again. "), pause, Delta(TEXT)]


def for_ever() -> Iterator[Item | float]:
    yield Reasoning(THOUGHT)
    while True:
        yield 0.01
        yield Reasoning(".")


@pytest.fixture
def rig(tmp_path: Path) -> Thinkers:
    made = Thinkers(tmp_path)
    made.engine.start()
    return made


def test_it_is_stored_apart_and_the_answer_has_its_own_offsets(rig: Thinkers):
    stream = rig.stream(thinking())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    assert rig.ended(stream) == Status.DONE
    assert (rig.text(stream), rig.text(rig.reasoning(stream))) == (TEXT, THOUGHT)
    assert rig.status(rig.reasoning(stream)) == Status.DONE


@pytest.mark.parametrize("pace", ["stored", "delta"])
def test_it_is_followed_like_any_stream_and_ends_when_the_text_begins(rig: Thinkers, pace: str):
    stream = rig.stream([*thinking(0.05), 30.0])  # type: ignore[list-item]
    rig.engine.drive(stream)
    frames = rig.follow(rig.reasoning(stream), pace)  # type: ignore[arg-type]
    assert text_of(frames) == THOUGHT
    assert frames[-1] == End(Status.DONE, len(THOUGHT), 1)
    assert rig.status(stream) == Status.STREAMING, "the answer goes on"


def wait_first(event: Event, act: Callable[..., bool], *args: object) -> bool:
    return event.wait(PATIENCE_S) and act(*args)


def sleep_first(seconds: float, act: Callable[..., bool], *args: object, **more: object) -> bool:
    gevent.sleep(seconds)
    return act(*args, **more)


def test_nothing_of_the_text_is_stored_before_the_reasoning_has_ended(rig: Thinkers):
    close, desk = rig.streams.close, rig.runner._desk
    slow = partial(sleep_first, 0.3, close)
    rig.runner._desk = Desk(desk.tapes, desk.writer, desk.ring_here, desk.open, slow, desk.clock)
    stream = rig.stream([*thinking(), 0.05, Delta(" More."), 30.0])  # type: ignore[list-item]
    rig.engine.drive(stream)
    with rig.reading(stream) as frames:
        first = next(frames)
        assert isinstance(first, Slice)
        assert rig.status(rig.reasoning(stream)) == Status.DONE


def test_a_driver_has_its_first_word_while_the_store_is_busy_with_the_reasoning(rig: Thinkers):
    busy, real = Event(), rig.streams.open_beside
    late, desk = partial(wait_first, busy, real), rig.runner._desk
    rig.runner._desk = Desk(desk.tapes, desk.writer, desk.ring_here, late, desk.close, desk.clock)
    stream = rig.stream(thinking())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    with rig.reading(stream, "delta") as frames:
        assert next(frames) == Slice(0, TEXT.encode(), 1)
        assert stream not in rig.beside
        busy.set()
    assert rig.ended(stream) == Status.DONE
    assert rig.text(rig.reasoning(stream)) == THOUGHT


def test_it_is_timed(rig: Thinkers):
    now = [0.0]

    def taking_its_time() -> Iterator[Item]:
        for now[0], item in ((0.1, Reasoning(THOUGHT)), (0.4, Delta(TEXT))):
            yield item
        now[0] = 0.7

    rig.runner._clock = lambda: now[0]
    rig.runner._desk = dataclasses.replace(rig.runner._desk, clock=rig.runner._clock)
    stream = rig.stream(taking_its_time())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    rig.ended(stream)
    answer, thought = rig.streams.state(stream).timing, rig.streams.state(rig.reasoning(stream)).timing
    assert answer == {"first_token_ms": 100, "total_ms": 700}, "the first word of reasoning is one"
    assert thought == {"first_token_ms": 0, "total_ms": 300}


def test_a_stop_keeps_it_and_counts_it(rig: Thinkers):
    stream = rig.stream(for_ever())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    reasoning = rig.reasoning(stream)
    rig.engine.stop(stream)
    assert (rig.ended(stream), rig.status(reasoning)) == (Status.STOPPED, Status.STOPPED)
    assert rig.text(reasoning).startswith(THOUGHT)
    assert rig.streams.state(stream).usage["output_tokens"] == len(rig.text(reasoning))


def test_a_failure_keeps_it(rig: Thinkers):
    def failing() -> Iterator[Item]:
        yield Reasoning(THOUGHT)
        raise ProviderError("stalled", "It fell silent.")

    stream = rig.stream(failing())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    assert (rig.ended(stream), rig.status(rig.reasoning(stream))) == (Status.ERROR, Status.ERROR)
    assert rig.text(rig.reasoning(stream)) == THOUGHT


def test_it_has_no_place_without_a_message(rig: Thinkers):
    rig.wanted = False
    stream = rig.stream(thinking())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    assert rig.ended(stream) == Status.DONE
    assert rig.text(stream) == TEXT
    assert not rig.beside


def test_what_comes_after_the_text_began_is_dropped(rig: Thinkers):
    stream = rig.stream([Delta("Text. "), Reasoning("Late."), Delta("More.")])  # type: ignore[list-item]
    rig.engine.drive(stream)
    assert rig.ended(stream) == Status.DONE
    assert rig.text(stream) == "Text. More."
    assert not rig.beside


def test_it_counts_for_the_answers_limit(tmp_path: Path):
    rig = Thinkers(tmp_path, limits=Limits(bytes=100, seconds=0))
    rig.engine.start()
    stream = rig.stream(for_ever())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    assert rig.ended(stream) == Status.ERROR
    assert rig.streams.state(stream).error["code"] == "too_large"
    assert len(rig.text(rig.reasoning(stream))) == 101


def test_deleted_while_it_comes_it_leaves_the_answer_alone(rig: Thinkers):
    deleted = Event()
    stream = rig.stream([Reasoning(THOUGHT), deleted, Reasoning("More. "), Delta(TEXT)])  # type: ignore[list-item]
    rig.engine.drive(stream)
    reasoning = rig.reasoning(stream)
    rig.store.write(lambda tx: rig.streams.delete(tx, reasoning))
    deleted.set()
    assert (rig.ended(stream), rig.text(stream)) == (Status.DONE, TEXT)
    assert rig.streams.state(reasoning) is None


# ── another process ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def dead(tmp_path: Path) -> Thinkers:
    return Thinkers(tmp_path, owner="nobody-knows", continues=True)


@pytest.fixture
def heir(tmp_path: Path) -> Thinkers:
    return Thinkers(tmp_path, owner="heir", continues=True)


def left_thinking(dead: Thinkers, heir: Thinkers, text: str = "") -> tuple[str, str]:
    stream = dead.stream()
    dead.streams.claim(stream, {Status.PENDING})
    assert dead.streams.open_beside(stream, 1, "thought")
    dead.streams.append([Batch("thought", 1, 0, "Half a th"), Batch(stream, 1, 0, text)])
    heir.beside = dead.beside
    return stream, "thought"


def test_what_a_dead_process_thought_ends_and_its_heir_thinks_anew(dead: Thinkers, heir: Thinkers):
    stream, old = left_thinking(dead, heir)
    heir.sources[stream] = thinking(0.05)  # type: ignore[assignment]
    with heir.reading(old) as frames:
        assert text_of([next(frames)]) == "Half a th"
        heir.engine.start()
        assert heir.ended(stream) == Status.DONE
    assert heir.streams.state(old) is None, "the new one has its place"
    assert (heir.text(stream), heir.text(heir.reasoning(stream))) == (TEXT, THOUGHT)


def test_a_continued_text_keeps_what_was_thought_before_it(dead: Thinkers, heir: Thinkers):
    stream, old = left_thinking(dead, heir, "Some text, ")
    heir.sources[stream] = thinking()  # type: ignore[assignment]
    heir.engine.start()
    assert heir.ended(stream) == Status.DONE
    assert heir.text(stream) == "Some text, " + TEXT
    assert (heir.reasoning(stream), heir.status(old), heir.text(old)) == (old, Status.STOPPED, "Half a th")


def test_what_nobody_goes_on_with_ends_with_its_answer(dead: Thinkers, heir: Thinkers):
    stream, old = left_thinking(dead, heir)
    heir.engine.start()
    assert (heir.status(stream), heir.status(old)) == (Status.INTERRUPTED, Status.STOPPED)


def test_an_orphan_alone_ends_with_what_is_stored_of_it(dead: Thinkers, heir: Thinkers):
    stream, old = left_thinking(dead, heir)
    assert dead.streams.close(stream, 1, Status.DONE, text="Short.")
    heir.engine.start()
    assert (heir.status(old), heir.text(old)) == (Status.STOPPED, "Half a th")


def test_a_process_that_wakes_after_a_takeover_writes_nothing_more_of_it(dead: Thinkers, heir: Thinkers):
    stream, old = left_thinking(dead, heir)
    heir.sources[stream] = [30.0]  # type: ignore[list-item]
    heir.engine.start()
    assert heir.streams.state(stream).epoch == 2
    assert dead.streams.append([Batch(old, 1, 9, "ought")]) == {old}
    assert not dead.streams.close(old, 1, Status.DONE, text="A lie.")
    assert not dead.streams.open_beside(stream, 1, "another")
    assert heir.text(old) == "Half a th"


def test_told_to_leave_it_is_stored_whole_and_another_thinks_anew(tmp_path: Path):
    leaver = Thinkers(tmp_path, continues=True)
    leaver.engine.start()
    stream = leaver.stream(for_ever())  # type: ignore[arg-type]
    leaver.engine.drive(stream)
    old = leaver.reasoning(stream)
    assert leaver.engine.drain(PATIENCE_S)
    assert (leaver.status(stream), leaver.status(old)) == (Status.STREAMING, Status.STOPPED)
    assert leaver.text(old).startswith(THOUGHT)


def test_a_lost_lease_ends_both(rig: Thinkers):
    stream = rig.stream(for_ever())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    thought = rig.reasoning(stream)
    generation = rig.engine._running[stream]
    generation.end_early(LeaseLost())
    wait_for(lambda: stream not in rig.engine._running)
    assert rig.tapes.get(thought) is None
    assert rig.status(thought) == Status.STREAMING, "whoever has it now ends it"


def test_its_lease_is_renewed_with_the_answers(rig: Thinkers):
    stream = rig.stream(for_ever())  # type: ignore[arg-type]
    rig.engine.drive(stream)
    rig.reasoning(stream)
    wait_for(lambda: rig.engine._running[stream].thinking.is_open)
    rig.lease_clock.now += 5
    rig.engine._renew()
    rig.lease_clock.now += 5
    assert rig.streams.orphans(lambda owner: False) == []
    rig.engine.stop(stream)
    rig.ended(stream)
