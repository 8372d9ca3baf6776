"""Any generator as a source: what it has open is closed when nobody wants more of it, whatever the cause."""

from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest

from chat.generation.engine import Engine
from chat.generation.generation import LeaseLost
from tests.rig import Rig


def leave(engine: Engine, stream: str) -> None:
    engine.drain(5)


def stop(engine: Engine, stream: str) -> None:
    engine.stop(stream)


def lose(engine: Engine, stream: str) -> None:
    engine._running[stream].end_early(LeaseLost())


@pytest.mark.parametrize("end", [leave, stop, lose])
def test_a_generator_is_closed_when_its_stream_ends_early(
    tmp_path: Path, end: Callable[[Engine, str], None]
) -> None:
    closed = []

    def generate() -> Iterator[str]:
        try:
            while True:
                yield "more "
                gevent.sleep(0.01)
        finally:
            closed.append(True)

    rig = Rig(tmp_path)
    rig.engine.start()
    stream = rig.stream()
    rig.engine.run(stream, generate)
    gevent.sleep(0.05)
    end(rig.engine, stream)
    assert rig.engine._idle.wait(5)
    assert closed == [True], "before this process goes, and not when somebody collects the garbage"
