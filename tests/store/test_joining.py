"""Who logs in takes along what they wrote before: all of it, in one transaction, and nobody else's."""

import pytest
from sqlalchemy import ForeignKey, insert, select

from chat.store import accounts, documents, joining, people
from chat.store.document_rights import readable
from chat.store.people import Person
from chat.store.tables import conversations, ledger, messages, metadata, streams
from chat.store.tables import members as members_table
from tests.store import library
from tests.store.talk import ADA, BEN, Talk

HOME = Person("home", "Countess")  # Ada's account, made in another browser


@pytest.fixture
def home(talk: Talk) -> Person:
    talk.write(accounts.create, HOME, "ada", None, talk.now)
    return HOME


def column(talk: Talk, what) -> list:
    return talk.read(lambda conn: list(conn.execute(select(what)).scalars()))


def spend(talk: Talk, person: Person, day: str, tokens: int) -> None:
    row = {"person_id": person.id, "day": day, "model": "m", "answers": 1, "input_tokens": tokens,
           "output_tokens": 1, "cost": 0.5, "unpriced": 0}  # fmt: skip
    talk.write(lambda tx: tx.execute(insert(ledger).values(row)))


def test_all_that_was_written_is_the_accounts(talk: Talk, home: Person) -> None:
    talk.answered()
    talk.write(talk.streams.create, "alone", chunk_by="word", created_by=ADA.id)
    spend(talk, ADA, "2026-01-01", 10)
    assert talk.write(joining.join, ADA.id, home.id)
    assert column(talk, conversations.c.owner_id) == [home.id]
    assert set(column(talk, messages.c.author_id)) == {home.id, None}
    assert set(column(talk, messages.c.asked_by)) == {home.id, None}
    assert home.id in column(talk, streams.c.created_by)
    assert column(talk, ledger.c.person_id) == [home.id]
    assert not {ADA.id} & set(column(talk, streams.c.created_by))


def test_names_stay_as_they_were_when_they_wrote(talk: Talk, home: Person) -> None:
    talk.ask()
    talk.write(joining.join, ADA.id, home.id)
    assert talk.read(people.get, home.id) == home
    assert set(column(talk, messages.c.author_name)) == {ADA.name, None}


def test_others_keep_theirs(talk: Talk, home: Person) -> None:
    bens = talk.begin(BEN)
    talk.ask(conversation=bens, author=BEN)
    talk.write(joining.join, ADA.id, home.id)
    assert BEN.id in column(talk, conversations.c.owner_id)
    assert BEN.id in column(talk, messages.c.author_id)


def test_what_both_used_is_added_up(talk: Talk, home: Person) -> None:
    talk.write(people.ensure, ADA, talk.now)
    for who, tokens in ((ADA, 10), (home, 5)):
        spend(talk, who, "2026-01-01", tokens)
    spend(talk, ADA, "2026-01-02", 7)
    talk.write(joining.join, ADA.id, home.id)
    rows = talk.read(lambda conn: conn.execute(select(ledger).order_by(ledger.c.day)).mappings().all())
    assert [(row["person_id"], row["input_tokens"], row["answers"]) for row in rows] == [
        (home.id, 15, 2),
        (home.id, 7, 1),
    ]


def test_what_both_sent_under_one_name_is_no_clash(talk: Talk, home: Person) -> None:
    talk.answered(client_id="once")
    talk.answered("And then?", author=home, client_id="once")
    talk.write(joining.join, ADA.id, home.id)
    assert sorted(filter(None, column(talk, messages.c.client_id))) == ["once"]


def join_as(talk: Talk, conversation_id: str, person: Person, role: str) -> None:
    row = {"conversation_id": conversation_id, "person_id": person.id, "role": role, "created_at": 0.0}
    talk.write(people.ensure, person, talk.now)
    talk.write(lambda tx: tx.execute(insert(members_table).values(row)))


@pytest.mark.parametrize("roles", [("viewer", "co-driver"), ("co-driver", "viewer"), ("co-driver", None)])
def test_of_two_memberships_the_stronger_stays(talk: Talk, home: Person, roles) -> None:
    bens = talk.begin(BEN).id
    for who, role in zip((ADA, home), roles, strict=True):
        if role:
            join_as(talk, bens, who, role)
    talk.write(joining.join, ADA.id, home.id)
    found = talk.read(lambda conn: conn.execute(select(members_table)).mappings().all())
    assert [(row["person_id"], row["role"]) for row in found] == [(home.id, "co-driver")]


def test_nobody_is_a_member_of_their_own(talk: Talk, home: Person) -> None:
    join_as(talk, talk.cid, home, "viewer")
    join_as(talk, talk.begin(home).id, ADA, "viewer")
    talk.write(joining.join, ADA.id, home.id)
    assert column(talk, members_table.c.person_id) == []


def test_whose_messages_stand_in_a_conversation_of_others_takes_them_along(talk: Talk, home: Person) -> None:
    bens = talk.begin(BEN)
    join_as(talk, bens.id, ADA, "co-driver")
    talk.ask(conversation=bens, author=ADA)
    talk.write(joining.join, ADA.id, home.id)
    assert home.id in column(talk, messages.c.author_id)


def test_an_account_never_moves_into_another(talk: Talk, home: Person) -> None:
    talk.write(accounts.create, ADA, "other", None, talk.now)
    assert not talk.write(joining.join, ADA.id, home.id)
    assert column(talk, conversations.c.owner_id) == [ADA.id]


def test_who_is_not_stored_or_the_same_has_nothing_to_move(talk: Talk, home: Person) -> None:
    assert not talk.write(joining.join, "nobody", home.id)
    assert not talk.write(joining.join, home.id, home.id)


def test_the_one_who_left_is_signed_out_and_lines_look_again(talk: Talk, home: Person) -> None:
    rung = talk.topics_of(joining.join, ADA.id, home.id)
    assert talk.read(people.standing, ADA).generation == 1
    assert {f"standing:{ADA.id}", f"person:{home.id}"} <= rung


def test_a_failure_half_way_leaves_all_where_it_was(talk: Talk, home: Person, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the power is out")

    monkeypatch.setattr(joining, "_move_usage", fail)
    with pytest.raises(RuntimeError):
        talk.write(joining.join, ADA.id, home.id)
    assert column(talk, conversations.c.owner_id) == [ADA.id]


def test_every_column_that_names_a_person_is_known_here() -> None:
    """Whoever adds one decides what becomes of it when its person logs in: see `joining`, then this list."""
    moved = {"conversations.owner_id", "documents.owner_id", "members.person_id"}
    of_accounts_alone = {"accounts.person_id", "identities.person_id", "tokens.person_id"}
    named = {
        f"{table.name}.{key.parent.name}"
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if isinstance(key, ForeignKey) and key.column.table.name == "people"
    }
    assert named == moved | of_accounts_alone


def test_documents_come_along_and_stay_readable(talk: Talk, home: Person) -> None:
    mine, talks = library.ready(talk, "Mine."), library.ready(talk, "Talk.", conversation_id=talk.cid)
    theirs = library.ready(talk, "Ben's.", owner=BEN)
    assert f"documents:{home.id}" in talk.topics_of(joining.join, ADA.id, home.id)
    found, _ = talk.read(documents.page_of, owner_id=home.id)
    assert [one.id for one in found] == [mine.id]
    assert talk.read(documents.get, talks.id, readable(home.id)).owner_id == home.id
    assert talk.read(documents.get, theirs.id).owner_id == BEN.id
    assert talk.read(documents.get, mine.id, readable(ADA.id)) is None
