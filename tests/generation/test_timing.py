"""How long an answer took: measured where it is generated, kept with its stream."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from chat.core.lifecycle import Status
from tests.generation.test_engine import wait_for
from tests.rig import Rig

PAUSE_MS = 80


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = Rig(tmp_path)
    made.engine.start()
    return made


def timing(rig: Rig, stream: str) -> dict[str, int | None]:
    wait_for(lambda: rig.status(stream) in (Status.DONE, Status.STOPPED))
    found = rig.streams.state(stream).timing
    assert found is not None
    return found


def slow() -> Iterator[str]:
    gevent.sleep(PAUSE_MS / 1000)
    yield "first, "
    gevent.sleep(PAUSE_MS / 1000)
    yield "last."


def test_the_first_word_and_the_whole_answer_are_timed(rig: Rig):
    stream = rig.stream(slow())
    rig.engine.drive(stream)
    taken = timing(rig, stream)
    assert PAUSE_MS <= taken["first_token_ms"] <= taken["total_ms"] - PAUSE_MS + 1


def test_an_answer_that_was_stopped_before_its_first_word_has_only_a_total(rig: Rig):
    stream = rig.stream(iter(lambda: gevent.sleep(0.01) or "", None))
    rig.engine.drive(stream)
    rig.engine.stop(stream)
    assert timing(rig, stream)["first_token_ms"] is None
