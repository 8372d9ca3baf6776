"""The stream log keeps its promises in any order of deltas, ticks, crashes, takeovers and readers.

The real Batcher, Tape, Writer, Mirror and Streams on a real SQLite file, with a clock that moves when told
to, beside a model of a few plain values. And the machine is worth something: it finds every bug of `bugs.py`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from chat.store.sqlite import SqliteStore
from tests.model.bugs import BUGS, Bug
from tests.model.machine import StreamLog
from tests.model.processes import SOUND, InlineStore, Parts, World


def run(world: World, parts: Parts, **how: object) -> None:
    run_state_machine_as_test(
        lambda: StreamLog(world, parts),
        settings=settings(
            stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), **how
        ),
    )


@pytest.fixture(params=[SqliteStore])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    with structlog.testing.capture_logs():
        world = World(tmp_path, request.param)
        yield world
        world.close()


def test_any_order_of_what_can_happen_keeps_the_promises(world: World) -> None:
    # Not shrunk here, for that takes minutes; add Phase.shrink to see a failure's shortest story.
    run(world, SOUND, max_examples=60, phases=[Phase.reuse, Phase.generate])


@pytest.mark.parametrize("world", [InlineStore], indirect=True, ids=[""])
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_machine_finds_a_bug_that_was_put_in(
    world: World, bug: Bug, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug.plant(monkeypatch)
    with pytest.raises((AssertionError, UnicodeDecodeError), match=bug.says):
        run(
            world, bug.parts, max_examples=400, phases=[Phase.generate], derandomize=True, database=None,
            report_multiple_bugs=False,
        )  # fmt: skip
