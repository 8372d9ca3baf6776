"""A stream that is deleted while it is generated: its process hears of it at once, whoever deleted it."""

from pathlib import Path

from tests.generation.test_engine import wait_for
from tests.generation.test_surviving import endless
from tests.rig import BY_RING_ALONE, Rig


def test_a_silent_answer_that_was_deleted_is_let_go_of_at_once(tmp_path: Path):
    rig = Rig(tmp_path, pace=BY_RING_ALONE)
    rig.engine.start()
    stream = rig.stream(endless(""), chunk_by="word")
    rig.engine.drive(stream)
    wait_for(lambda: stream in rig.engine._running)
    rig.store.write(lambda tx: rig.streams.delete(tx, stream))
    wait_for(lambda: stream not in rig.engine._running)
    assert rig.streams.state(stream) is None
