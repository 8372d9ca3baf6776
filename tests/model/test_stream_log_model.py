"""The stream log keeps its promises in any order of deltas, ticks, crashes, takeovers and readers.

The real Batcher, Tape, Writer, Mirror and Streams on a real SQLite file, with a clock that moves when told
to, beside a model of a few plain values. And the machine is worth something: it finds every bug of `bugs.py`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from chat.store.sqlite import SqliteStore
from tests.model.bugs import BUGS, Bug
from tests.model.machine import StreamLog
from tests.model.processes import SOUND, InlineStore, Parts, World


def hunt(world: World, parts: Parts, seeds: Iterable[int | None]) -> None:
    """Run the machine once a seed (None: another one each time).

    Many short runs, for Hypothesis begins a run with variety and goes on with variations. Nothing is shrunk,
    for that takes minutes: add Phase.shrink to see the shortest story of a failure.
    """
    for number in seeds:

        def machine() -> StreamLog:
            return StreamLog(world, parts)

        run_state_machine_as_test(
            machine if number is None else seed(number)(machine),
            settings=settings(
                max_examples=10,
                stateful_step_count=30,
                phases=[Phase.generate],
                database=None,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )


@pytest.fixture(params=[SqliteStore])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    with structlog.testing.capture_logs():
        world = World(tmp_path, request.param)
        yield world
        world.close()


def test_any_order_of_what_can_happen_keeps_the_promises(world: World) -> None:
    hunt(world, SOUND, [None] * 6)


@pytest.mark.parametrize("world", [InlineStore], indirect=True, ids=[""])
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_machine_finds_a_bug_that_was_put_in(
    world: World, bug: Bug, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug.plant(monkeypatch)
    with pytest.raises((AssertionError, UnicodeDecodeError), match=bug.says):
        hunt(world, bug.parts, [bug.seed, *range(40)])
