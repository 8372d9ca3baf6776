"""The leases of a dead process are freed from outside, and nobody else's."""

from pathlib import Path

import pytest

from chat.core.lifecycle import Status
from chat.store.freeing import free
from tests.rig import Rig


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
    assert free(f"sqlite:///{tmp_path}/rig.sqlite3", "host%_a boot 12 ") == 1
    assert [orphan.id for orphan in others[0].streams.orphans(lambda owner: False)] == [left]


def test_who_cannot_reach_the_database_says_so(tmp_path: Path):
    with pytest.raises(Exception, match="no such table"):
        free(f"sqlite:///{tmp_path}/other.sqlite3", "host boot 1 ")
