"""What each process asks the database every second costs the same, however many answers it holds."""

from pathlib import Path
from typing import Any

from sqlalchemy import event

from chat.core.lifecycle import Status
from chat.store.freeing import free
from tests.rig import Rig


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
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values).all()
            assert "ix_streams_unfinished" in str(plan), plan
    assert free(f"sqlite:///{tmp_path}/rig.sqlite3", rig.streams._owner()).answers == 1
