"""Who holds a lease: which owners are certainly gone, and what that is for on one SQLite file."""

from pathlib import Path

from sqlalchemy import update

from chat.core.lifecycle import Status
from chat.generation import identity
from chat.generation.identity import Owner
from chat.store.tables import streams
from chat.web.house import EXTENSION, House
from tests.web.calls import opened_app

HERE = identity.myself()
ELSEWHERE = Owner("another-container/pid:[1]", "another-boot", 7, "1")


def test_a_living_process_is_not_dead() -> None:
    assert not identity.is_dead(str(HERE))


def test_an_earlier_process_of_the_same_number_is_dead() -> None:
    assert identity.is_dead(str(Owner(HERE.host, HERE.boot, HERE.pid, "1")))
    assert identity.is_dead(str(Owner(HERE.host, "another-boot", HERE.pid, HERE.started)))


def test_of_another_host_only_the_lease_can_tell() -> None:
    assert not identity.is_dead(str(ELSEWHERE))
    assert not identity.is_dead(str(Owner("another-container/pid:[1]", HERE.boot, 7, "1")), one_kernel=True)


def test_on_one_file_what_another_boot_left_is_found_at_once_whatever_its_host_was_called(
    tmp_path: Path,
) -> None:
    """Its lease counts the seconds since a boot that is over: here it might last for weeks."""
    with opened_app(tmp_path) as app:
        house: House = app.extensions[EXTENSION]
        house.store.write(lambda tx: house.streams.create(tx, "s", chunk_by="word"))
        house.streams.claim("s", {Status.PENDING})
        left = {"owner": str(ELSEWHERE), "lease_until": 1e9}
        house.store.write(lambda tx: tx.execute(update(streams).values(left)).rowcount)
        house.engine._reaper.reap()
        state = house.streams.state("s")
        assert state is not None
        assert state.status == Status.INTERRUPTED, "nobody here can go on with it"
