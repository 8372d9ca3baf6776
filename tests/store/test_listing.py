"""The list at the side: its order, its marks, who is told of a change, and the way back from a deletion."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, insert

from chat.core.lifecycle import Status
from chat.store import conversations, discarding, messages
from chat.store.discarding import discarded_before, owner_of_discarded, title_of_discarded
from chat.store.listing import Listed, listed
from chat.store.people import Person
from chat.store.tables import members
from tests.store.talk import ADA, BEN, Talk


def shown(talk: Talk, person: Person = ADA, **more: Any) -> Listed:
    found: Listed = talk.read(listed, person.id, **more)
    return found


def ids(items: Any) -> list[str]:
    return [item.id for item in items]


def join(talk: Talk, person: Person) -> None:
    row = {"conversation_id": talk.cid, "person_id": person.id, "role": "viewer", "created_at": 1.0}
    talk.begin(owner=person)  # or nobody knows them
    talk.write(lambda tx: tx.execute(insert(members).values(row)))


# ── what it shows ────────────────────────────────────────────────────────────────────────────


def test_the_newest_stands_first_and_what_is_pinned_before_it(talk: Talk) -> None:
    second, third = talk.begin(title="Second"), talk.begin(title="Third")
    talk.write(conversations.pin, talk.cid, talk.now)
    found = shown(talk)
    assert ids(found.pinned) == [talk.cid]
    assert ids(found.items) == [third.id, second.id]
    talk.write(conversations.pin, talk.cid, None)
    assert ids(shown(talk).items) == [third.id, second.id, talk.cid]


def test_what_is_pinned_is_found_by_its_own_index_however_many_there_are(tmp_path: Path) -> None:
    said: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        said.append((statement, values))

    def plans(conn: Connection) -> list[str]:
        event.listen(conn, "before_cursor_execute", note)
        listed(conn, ADA.id)
        event.remove(conn, "before_cursor_execute", note)
        asked = [(statement, values) for statement, values in said if "pinned_at IS NOT NULL" in statement]
        return [str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {ask}", values).all()) for ask, values in asked]

    with Talk(f"sqlite:///{tmp_path}/talk.sqlite3") as talk:
        found = talk.store.read(plans)
    assert len(found) == 1
    assert "ix_conversations_pinned" in found[0], found[0]


def test_the_title_or_the_first_words_are_shown(talk: Talk) -> None:
    talk.answered("Where do  rivers\nrise?")
    titled, empty = talk.begin(title="Springs"), talk.begin()
    titles = {item.id: item.title for item in shown(talk).items}
    assert titles == {talk.cid: "Where do rivers rise?", titled.id: "Springs", empty.id: None}


def test_what_is_being_answered_is_marked_until_it_has_ended(talk: Talk) -> None:
    talk.begin()
    asked = talk.ask()
    assert [item.answering for item in shown(talk).items] == [True, False]
    epoch = talk.stream(asked)
    assert [item.answering for item in shown(talk).items] == [True, False]
    talk.end(asked, epoch, Status.DONE, "Yes.")
    assert [item.answering for item in shown(talk).items] == [False, False]


def test_what_others_share_stands_in_a_part_of_its_own(talk: Talk) -> None:
    join(talk, BEN)
    found = shown(talk, BEN)
    assert ids(found.shared) == [talk.cid]
    assert found.shared[0].shared
    assert talk.cid not in ids(found.items)
    talk.write(discarding.discard, talk.cid, talk.now)
    assert shown(talk, BEN).shared == []


def test_a_pin_of_its_owner_moves_nothing_for_others(talk: Talk) -> None:
    join(talk, BEN)
    talk.write(conversations.pin, talk.cid, talk.now)
    found = shown(talk, BEN)
    assert ids(found.shared) == [talk.cid]
    assert not found.shared[0].pinned
    assert found.pinned == []


def test_pages_join_to_the_whole_list(talk: Talk) -> None:
    for _ in range(6):
        talk.write(conversations.create, owner=ADA, now=talk.now)  # at one instant
    whole = shown(talk)
    first = shown(talk, limit=4)
    second = shown(talk, limit=4, after=first.further)
    assert ids([*first.items, *second.items]) == ids(whole.items)
    assert second.further is None


# ── who is told ──────────────────────────────────────────────────────────────────────────────


def test_its_owner_and_its_members_are_told_of_what_changes(talk: Talk) -> None:
    join(talk, BEN)
    told = {"person:ada", "person:ben"}
    assert talk.topics_of(conversations.change, talk.cid, {"title": "Springs"}) >= told
    assert talk.topics_of(conversations.pin, talk.cid, 1.0) >= told
    asked = talk.ask()
    assert talk.rung[-1] >= told
    talk.end(asked, talk.stream(asked), Status.DONE, "Yes.")
    assert talk.rung[-1] >= told
    assert talk.topics_of(discarding.discard, talk.cid, talk.now) >= told
    assert talk.topics_of(discarding.restore, talk.cid) >= told
    assert talk.topics_of(conversations.delete, talk.streams, talk.cid) >= told


def test_a_new_one_is_told_to_who_made_it_alone(talk: Talk) -> None:
    talk.rung.clear()
    talk.begin(owner=BEN)
    assert {topic for rung in talk.rung for topic in rung if topic.startswith("person:")} == {"person:ben"}


# ── titles ───────────────────────────────────────────────────────────────────────────────────


def test_a_name_is_given_once_and_never_in_the_place_of_another(talk: Talk) -> None:
    assert talk.write(conversations.name, talk.cid, "Springs")
    assert not talk.write(conversations.name, talk.cid, "Brooks")
    assert not talk.write(conversations.name, "gone", "Brooks")
    found = talk.read(conversations.get, talk.cid)
    assert (found.title, found.changed_at_revision) == ("Springs", found.revision)


# ── deleting with a way back ─────────────────────────────────────────────────────────────────


def test_what_is_discarded_is_gone_for_everybody_until_it_is_restored(talk: Talk) -> None:
    talk.answered("Rivers?")
    before = talk.read(conversations.get, talk.cid)
    assert f"access:{talk.cid}" in talk.topics_of(discarding.discard, talk.cid, talk.now)
    assert talk.read(conversations.get, talk.cid) is None
    assert shown(talk).items == []
    assert talk.read(conversations.page, ADA.id, 50) == ([], None)
    assert not talk.write(discarding.discard, talk.cid, talk.now)
    assert talk.read(owner_of_discarded, talk.cid) == ADA.id
    assert talk.read(title_of_discarded, talk.cid, ADA.id) == "Rivers?"
    assert talk.read(title_of_discarded, talk.cid, BEN.id) is None

    assert talk.write(discarding.restore, talk.cid)
    assert talk.read(conversations.get, talk.cid) == before
    assert len(talk.read(messages.path, talk.cid)) == 2
    assert not talk.write(discarding.restore, talk.cid)
    assert talk.read(owner_of_discarded, talk.cid) is None


def test_only_what_was_discarded_long_ago_is_due(talk: Talk) -> None:
    other = talk.begin()
    talk.write(discarding.discard, talk.cid, 100.0)
    talk.write(discarding.discard, other.id, 200.0)
    assert talk.read(discarded_before, 150.0) == [talk.cid]
    assert talk.read(discarded_before, 250.0) == [talk.cid, other.id]
    assert talk.write(conversations.delete, talk.streams, talk.cid)  # erased for good, though hidden
    assert talk.read(discarded_before, 250.0) == [other.id]
