"""Members and their invitations: kept as a hash, and over when they are over; nobody is told more."""

import pytest

from chat.store import conversations, members, rights
from chat.store.members import TooMany, Uninvited
from chat.store.people import Person
from chat.store.tables import invitations
from tests.store.talk import ADA, BEN, Talk

CLEO = Person("cleo", "Cleo")


def invited(talk: Talk, role: str = "viewer", **more: float) -> str:
    """Make an invitation to Ada's conversation; gives its token."""
    _, token = talk.write(members.invite, talk.cid, role, talk.now, **more)
    return str(token)


def joined(talk: Talk, person: Person = BEN, role: str = "viewer") -> None:
    talk.write(members.accept, invited(talk, role), person, talk.now)


def role_of(talk: Talk, person: Person) -> str | None:
    found = talk.read(rights.of_conversation, talk.cid, person.id)
    return found.role if found else None


# ── invitations ──────────────────────────────────────────────────────────────────────────────


def test_an_invitation_makes_a_member_with_its_role(talk: Talk) -> None:
    assert role_of(talk, BEN) is None
    assert talk.write(members.accept, invited(talk, "co-driver"), BEN, talk.now).id == talk.cid
    assert role_of(talk, BEN) == "co-driver"
    assert [(one.person, one.role) for one in talk.read(members.of, talk.cid)] == [(BEN, "co-driver")]
    assert {f"access:{talk.cid}", f"person:{BEN.id}"} <= talk.rung[-1]


def test_several_people_come_by_one_invitation(talk: Talk) -> None:
    token = invited(talk)
    for person in (BEN, CLEO):
        talk.write(members.accept, token, person, talk.tick())
    assert [one.person.name for one in talk.read(members.of, talk.cid)] == ["Ben", "Cleo"]


def test_accepting_twice_is_accepting_once_and_never_takes_a_right_away(talk: Talk) -> None:
    joined(talk, BEN, "co-driver")
    joined(talk, BEN, "viewer")
    assert role_of(talk, BEN) == "co-driver"
    joined(talk, CLEO, "viewer")
    joined(talk, CLEO, "co-driver")
    assert role_of(talk, CLEO) == "co-driver"
    assert len(talk.read(members.of, talk.cid)) == 2


def test_the_owner_stays_the_owner(talk: Talk) -> None:
    assert talk.write(members.accept, invited(talk), ADA, talk.now).id == talk.cid
    assert talk.read(members.of, talk.cid) == []


def test_an_invitation_that_was_taken_back_or_is_over_invites_nobody(talk: Talk) -> None:
    made, withdrawn = talk.write(members.invite, talk.cid, "viewer", talk.now)
    assert talk.write(members.withdraw, talk.cid, made.id)
    assert not talk.write(members.withdraw, talk.cid, made.id)
    short = invited(talk, expires_at=talk.now + 10)
    assert talk.read(members.invitation_by, short, talk.now).role == "viewer"
    talk.now += 10
    for token in (withdrawn, short, "", "\ud800", "x" * 100_000):
        assert talk.read(members.invitation_by, token, talk.now) is None
        with pytest.raises(Uninvited):
            talk.write(members.accept, token, BEN, talk.now)
    assert talk.read(members.invitations_of, talk.cid, talk.now) == []
    assert role_of(talk, BEN) is None


def test_another_conversations_owner_cannot_take_it_back(talk: Talk) -> None:
    made, token = talk.write(members.invite, talk.cid, "viewer", talk.now)
    assert not talk.write(members.withdraw, talk.begin().id, made.id)
    assert talk.read(members.invitation_by, token, talk.now) == made


def test_the_table_holds_no_token(talk: Talk) -> None:
    token = invited(talk)
    row = talk.read(lambda conn: conn.execute(invitations.select()).one())
    assert token not in map(str, row)
    assert len(row.token_hash) == 64


def test_a_deleted_conversation_invites_nobody(talk: Talk) -> None:
    token = invited(talk)
    talk.write(conversations.delete, talk.streams, talk.cid)
    with pytest.raises(Uninvited):
        talk.write(members.accept, token, BEN, talk.now)
    with pytest.raises(conversations.ConversationGone):
        invited(talk)


def test_there_are_only_so_many_invitations_at_a_time(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MOST_INVITATIONS", 2)
    invited(talk, expires_at=talk.now + 1)
    invited(talk)
    with pytest.raises(TooMany):
        invited(talk)
    talk.tick()
    invited(talk)  # what is over makes room


# ── members ──────────────────────────────────────────────────────────────────────────────────


def test_a_role_changes_and_a_member_goes_and_who_shows_them_is_told(talk: Talk) -> None:
    joined(talk, BEN, "co-driver")
    assert talk.write(members.set_role, talk.cid, BEN.id, "viewer")
    assert role_of(talk, BEN) == "viewer"
    told = {f"access:{talk.cid}", f"person:{BEN.id}", f"presence:{talk.cid}"}
    assert talk.rung[-1] == told
    assert talk.topics_of(members.remove, talk.cid, BEN.id) == told
    assert role_of(talk, BEN) is None
    assert not talk.write(members.remove, talk.cid, BEN.id)
    assert not talk.write(members.set_role, talk.cid, BEN.id, "viewer")


def test_what_others_share_with_a_person_is_listed_newest_first_and_paged(talk: Talk) -> None:
    shared = []
    for title in ("one", "two", "three"):
        talk.conversation = talk.begin(title=title)
        joined(talk)
        shared.append(title)
    talk.begin(BEN, title="Ben's own")
    first, further = talk.read(members.conversations_of, BEN.id, 2)
    rest, end = talk.read(members.conversations_of, BEN.id, 2, further)
    assert [one.title for one in (*first, *rest)] == shared[::-1]
    assert end is None
    assert talk.read(members.conversations_of, ADA.id)[0] == []
