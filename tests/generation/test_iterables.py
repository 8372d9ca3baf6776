"""Any generator as a source: what it has open is closed when nobody wants more of it, whatever the cause."""

from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest

from chat.generation.engine import Engine
from chat.generation.generation import LeaseLost
from tests.generation.test_engine import wait_for
from tests.patience import PATIENCE_S
from tests.rig import Rig


def leave(engine: Engine, stream: str) -> None:
    engine.drain(PATIENCE_S)


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
    wait_for(lambda: rig.text(stream))
    end(rig.engine, stream)
    assert rig.engine._idle.wait(PATIENCE_S)
    assert closed == [True], "before this process goes, and not when somebody collects the garbage"
