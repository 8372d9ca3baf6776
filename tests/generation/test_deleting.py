"""A stream that is deleted while it is generated: its process hears of it at once, whoever deleted it."""

from pathlib import Path

from tests.generation.test_engine import wait_for
from tests.generation.test_surviving import endless
from tests.rig import Rig

AT_ONCE_S = 1.0  # a renewal by the clock alone comes each two seconds


def test_a_silent_answer_that_was_deleted_is_let_go_of_at_once(tmp_path: Path):
    rig = Rig(tmp_path)
    rig.engine.start()
    for number in range(3):  # one of them might be renewed just then
        stream = rig.stream(endless(""), chunk_by="word")
        rig.engine.drive(stream)
        wait_for(lambda made=stream: made in rig.engine._running)
        rig.store.write(lambda tx, made=stream: rig.streams.delete(tx, made))
        wait_for(lambda made=stream: made not in rig.engine._running, AT_ONCE_S)
        assert rig.streams.state(stream) is None, number
