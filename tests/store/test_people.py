"""People are stored with the first thing they write, once."""

import pytest

from chat.store import people
from chat.store.people import Person
from chat.store.tables import people as table
from tests.store.talk import ADA, BEN, Talk, count


def test_who_wrote_nothing_is_not_stored(talk: Talk) -> None:
    assert talk.read(people.get, BEN.id) is None
    assert talk.read(people.get, ADA.id) == ADA


def test_storing_somebody_twice_is_harmless(talk: Talk) -> None:
    for _ in range(3):
        talk.write(people.ensure, BEN, talk.now)
    assert talk.read(count, table) == 2


def test_a_name_stays_as_it_was_first_stored(talk: Talk) -> None:
    talk.write(people.ensure, Person(ADA.id, "Countess"), talk.now)
    assert talk.read(people.get, ADA.id) == ADA


def test_another_writer_who_was_faster_is_no_error(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([None, ADA])  # not there when we look, there when our insert was refused
    with monkeypatch.context() as patched:
        patched.setattr(people, "get", lambda conn, person_id: next(looks))
        talk.write(people.ensure, ADA, talk.now)
    assert talk.read(count, table) == 1
