"""What each process asks the database every second costs the same, however many answers it holds."""

from pathlib import Path
from typing import Any

from sqlalchemy import event

from chat.core.lifecycle import Status
from chat.store import erasing, reading_queue
from chat.store.freeing import free
from tests.rig import Rig
from tests.store.talk import Talk

EXPLAIN = "EXPLAIN QUERY PLAN "


def test_the_rounds_look_at_the_few_streams_that_are_alive_and_never_at_all_of_them(tmp_path: Path):
    rig = Rig(tmp_path)
    asked: list[tuple[str, Any]] = []

    def note(conn, cursor, statement, parameters, context, executemany) -> None:
        asked.append((statement, parameters))

    stream = rig.stream()
    rig.streams.claim(stream, {Status.PENDING})
    event.listen(rig.database, "before_cursor_execute", note)
    rig.streams.orphans(lambda owner: False)
    rig.streams.pending()
    event.remove(rig.database, "before_cursor_execute", note)
    looks = [(said, values) for said, values in asked if "FROM streams" in said]
    assert len(looks) == 2
    with rig.database.connect() as connection:
        for said, values in looks:
            plan = connection.exec_driver_sql(EXPLAIN + said, values).all()
            assert "ix_streams_unfinished" in str(plan), plan
    assert free(f"sqlite:///{tmp_path}/rig.sqlite3", rig.streams._owner()).answers == 1


def test_the_rounds_look_at_the_few_documents_that_are_unread_or_deleted(tmp_path: Path):
    asked: list[tuple[str, Any]] = []
    with Talk(f"sqlite:///{tmp_path}/talk.sqlite3") as talk:
        event.listen(talk.store._readers, "before_cursor_execute", lambda *said: asked.append(said[2:4]))
        talk.read(reading_queue.readers)
        talk.read(reading_queue.waiting, 1.0, 2)
        talk.read(reading_queue.unread)
        talk.read(erasing.due, 1.0, 1.0)
        looks = [(said, values) for said, values in asked if "FROM documents" in said]
        assert len(looks) == 5
        for said, values in looks:
            plan = str(talk.read(lambda conn, *it: conn.exec_driver_sql(*it).all(), EXPLAIN + said, values))
            assert "ix_documents_unfinished" in plan or "ix_documents_discarded" in plan, plan
