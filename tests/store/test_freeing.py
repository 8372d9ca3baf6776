"""The leases of a dead process are freed from outside, and nobody else's."""

from pathlib import Path

import pytest

from chat.core.lifecycle import Status
from chat.store import presence
from chat.store.freeing import free
from tests.rig import Rig
from tests.store import library
from tests.store.talk import Talk


def test_what_a_dead_worker_held_is_anybodys_at_once_and_the_rest_is_not(tmp_path: Path):
    dead = Rig(tmp_path, owner="host%_a boot 12 777")
    others = [Rig(tmp_path, owner=name) for name in ("host%_a boot 1 777", "hostXYa boot 12 777")]
    left = dead.stream()
    dead.streams.claim(left, {Status.PENDING})
    kept = []
    for number, other in enumerate(others):
        kept.append(f"kept{number}")
        other.store.write(lambda tx, name=kept[-1]: dead.streams.create(tx, name, chunk_by="word"))
        other.streams.claim(kept[-1], {Status.PENDING})
    assert [orphan.id for orphan in dead.streams.orphans(lambda owner: False)] == []
    assert free(f"sqlite:///{tmp_path}/rig.sqlite3", "host%_a boot 12 ").answers == 1
    assert [orphan.id for orphan in others[0].streams.orphans(lambda owner: False)] == [left]


def test_who_was_connected_to_a_dead_worker_is_there_no_more_and_who_shows_them_is_rung(tmp_path: Path):
    rig = Rig(tmp_path)
    lines = {"people": {"ada": ["Ada", False]}, "links": 0}
    for process in ("host boot 12 777", "host boot 1 777"):
        rig.store.write(lambda tx, name=process: presence.write(tx, name, {"c": lines}, 50.0))
    freed = free(f"sqlite:///{tmp_path}/rig.sqlite3", "host boot 12 ")
    assert (freed.answers, freed.topics) == (0, ("presence:c",))
    left = rig.store.read(lambda conn: presence.elsewhere(conn, "c", "host boot 12 777", 0.0))
    assert [one.lines for one in left] == [lines], "the living one's readers are still there"


def test_who_cannot_reach_the_database_says_so(tmp_path: Path):
    with pytest.raises(Exception, match="no such table"):
        free(f"sqlite:///{tmp_path}/other.sqlite3", "host boot 1 ")


def test_what_a_dead_worker_read_is_read_by_others_at_once(tmp_path: Path):
    with Talk(f"sqlite:///{tmp_path}/talk.sqlite3") as talk:
        theirs, others = library.add(talk), library.add(talk)
        assert library.claim(talk, "host boot 12 777").document_id == theirs.id
        assert library.claim(talk, "host boot 1 777").document_id == others.id
        assert library.claim(talk) is None
        freed = free(f"sqlite:///{tmp_path}/talk.sqlite3", "host boot 12 ")
        assert (freed.answers, freed.topics) == (0, ("documents",))
        assert library.claim(talk).document_id == theirs.id
        assert library.claim(talk) is None
