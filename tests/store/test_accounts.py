"""Accounts hang on people: made once, found by a login, and what was signed before is worth nothing then."""

import pytest
from sqlalchemy.exc import IntegrityError

from chat.store import accounts, people
from chat.store.accounts import HasAccount, LoginTaken
from chat.store.people import Person
from tests.store.talk import ADA, BEN, Talk


def test_an_account_is_found_by_its_login_and_its_person(talk: Talk) -> None:
    standing = talk.write(accounts.create, ADA, "ada", "hash", talk.now)
    assert (standing.login, standing.has_account, standing.is_admin) == ("ada", True, False)
    found = talk.read(accounts.by_login, "ada")
    assert found == talk.read(accounts.of_person, ADA.id)
    assert (found.person_id, found.password_hash) == (ADA.id, "hash")


def test_who_has_written_nothing_yet_is_stored_with_it(talk: Talk) -> None:
    talk.write(accounts.create, BEN, "ben", None, talk.now)
    assert talk.read(people.get, BEN.id) == BEN


def test_the_name_that_is_brought_is_the_name(talk: Talk) -> None:
    assert talk.write(accounts.create, Person(ADA.id, "Countess"), "ada", None, 1.0).person.name == "Countess"


def test_what_was_signed_before_is_worth_nothing(talk: Talk) -> None:
    assert talk.read(people.standing, ADA).generation == 0
    assert talk.write(accounts.create, ADA, "ada", "hash", talk.now).generation == 1
    assert talk.write(accounts.set_password, ADA, "another").generation == 2
    rung = talk.topics_of(people.sign_out_everywhere, ADA.id)
    assert f"standing:{ADA.id}" in rung


def test_a_login_is_one_persons_and_a_person_has_one(talk: Talk) -> None:
    talk.write(accounts.create, ADA, "ada", "hash", talk.now)
    with pytest.raises(LoginTaken):
        talk.write(accounts.create, BEN, "ada", "hash", talk.now)
    with pytest.raises(HasAccount):
        talk.write(accounts.create, ADA, "ada2", "hash", talk.now)
    assert talk.read(people.get, BEN.id) is None, "a refusal keeps nothing"


def test_an_admin_is_made_and_unmade(talk: Talk) -> None:
    talk.write(accounts.create, ADA, "ada", "hash", talk.now)
    for is_admin in (True, False):
        talk.write(accounts.set_admin, ADA.id, is_admin)
        assert talk.read(people.standing, ADA).is_admin is is_admin


def test_an_identity_leads_to_one_person(talk: Talk) -> None:
    talk.write(people.ensure, BEN, talk.now)
    talk.write(accounts.add_identity, ADA.id, "https://id.example", "1", talk.now)
    assert talk.read(accounts.by_identity, "https://id.example", "1") == ADA.id
    assert talk.read(accounts.by_identity, "https://other.example", "1") is None
    with pytest.raises(IntegrityError):
        talk.write(accounts.add_identity, BEN.id, "https://id.example", "1", talk.now)


def test_a_login_that_is_taken_gets_a_number(talk: Talk) -> None:
    assert talk.read(accounts.free_login, "ada") == "ada"
    talk.write(accounts.create, ADA, "ada", None, talk.now)
    talk.write(accounts.create, BEN, "ada-2", None, talk.now)
    assert talk.read(accounts.free_login, "ada") == "ada-3"
