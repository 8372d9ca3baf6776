"""Who may open, change and draw on which documents: one condition each, on either database."""

import pytest
from sqlalchemy import update

from chat.store import conversations, discarding, documents, members
from chat.store.document_rights import LIBRARY, changeable, readable, restorable, searched, unread
from chat.store.tables import conversations as conversations_table
from tests.store.library import add, allowed, begin, ready
from tests.store.talk import ADA, BEN, Talk

EVE = "eve"


@pytest.fixture
def shelves(talk: Talk) -> Talk:
    """Ada's conversation, that Ben joined; both have a library, and both added something to it."""
    _, token = talk.write(members.invite, talk.cid, "co-driver", talk.now)
    talk.write(members.accept, token, BEN, talk.now)
    ready(talk, name="ada's")
    ready(talk, name="ben's", owner=BEN)
    ready(talk, name="talk, by ada", conversation_id=talk.cid)
    ready(talk, name="talk, by ben", conversation_id=talk.cid, owner=BEN)
    elsewhere = talk.begin()
    ready(talk, name="elsewhere", conversation_id=elsewhere.id)
    return talk


TALK = {"talk, by ada", "talk, by ben"}


def use_library(talk: Talk, use: bool) -> None:
    talk.write(lambda tx: tx.execute(update(conversations_table).values(library=int(use))))


def test_an_owners_answer_draws_on_the_conversation_and_on_their_library(shelves: Talk) -> None:
    assert allowed(shelves, searched(ADA.id, shelves.cid)) == {"ada's", *TALK}


def test_with_the_library_switched_off_it_draws_on_the_conversation_alone(shelves: Talk) -> None:
    use_library(shelves, False)
    assert allowed(shelves, searched(ADA.id, shelves.cid)) == TALK


def test_a_guests_answer_draws_on_nobodys_library(shelves: Talk) -> None:
    assert allowed(shelves, searched(BEN.id, shelves.cid)) == TALK


def test_a_library_by_itself_is_its_owners_and_holds_no_conversations_documents(shelves: Talk) -> None:
    use_library(shelves, False)
    assert allowed(shelves, searched(ADA.id, LIBRARY)) == {"ada's"}
    assert allowed(shelves, searched(BEN.id, LIBRARY)) == {"ben's"}
    assert allowed(shelves, searched(EVE, LIBRARY)) == allowed(shelves, searched("", LIBRARY)) == set()


def test_what_is_still_being_read_is_what_an_answer_would_draw_on_once_it_is(shelves: Talk) -> None:
    begin(shelves, name="arriving")
    add(shelves, name="waiting")
    add(shelves, name="waiting here", conversation_id=shelves.cid)
    add(shelves, name="waiting elsewhere", conversation_id=shelves.begin().id)
    assert allowed(shelves, unread(ADA.id, shelves.cid)) == {"waiting", "waiting here"}
    assert allowed(shelves, unread(BEN.id, shelves.cid)) == {"waiting here"}, "never a guest of what Ada has"
    assert allowed(shelves, unread(EVE, shelves.cid)) == set()
    use_library(shelves, False)
    assert allowed(shelves, unread(ADA.id, shelves.cid)) == {"waiting here"}


def test_a_strangers_answer_draws_on_nothing(shelves: Talk) -> None:
    assert allowed(shelves, searched(EVE, shelves.cid)) == set()
    assert allowed(shelves, searched(ADA.id, "nowhere")) == set()


def test_who_was_let_go_draws_on_nothing_more_and_opens_nothing(shelves: Talk) -> None:
    shelves.write(members.remove, shelves.cid, BEN.id)
    assert allowed(shelves, searched(BEN.id, shelves.cid)) == set()
    assert allowed(shelves, readable(BEN.id)) == {"ben's"}
    assert allowed(shelves, changeable(BEN.id)) == {"ben's"}
    assert allowed(shelves, searched(ADA.id, shelves.cid)) == {"ada's", *TALK}, "what they added stays"


def test_only_what_is_ready_is_drawn_on_and_all_of_it_can_be_opened(shelves: Talk) -> None:
    begin(shelves, name="arriving")
    add(shelves, name="waiting")
    assert allowed(shelves, searched(ADA.id, shelves.cid)) == {"ada's", *TALK}
    assert allowed(shelves, readable(ADA.id)) == {"ada's", "elsewhere", "arriving", "waiting", *TALK}


def test_a_person_opens_their_library_and_what_conversations_of_theirs_have(shelves: Talk) -> None:
    assert allowed(shelves, readable(ADA.id)) == {"ada's", "elsewhere", *TALK}
    assert allowed(shelves, readable(BEN.id)) == {"ben's", *TALK}
    assert allowed(shelves, readable(EVE)) == set()


def test_a_person_changes_what_they_added_and_all_in_conversations_they_own(shelves: Talk) -> None:
    assert allowed(shelves, changeable(ADA.id)) == {"ada's", "elsewhere", *TALK}
    assert allowed(shelves, changeable(BEN.id)) == {"ben's", "talk, by ben"}
    assert allowed(shelves, changeable(EVE)) == set()


def test_what_is_deleted_is_neither_drawn_on_nor_opened(shelves: Talk) -> None:
    for found in shelves.read(documents.page_of, conversation_id=shelves.cid)[0]:
        shelves.write(documents.discard, found.id, shelves.now)
    assert allowed(shelves, searched(ADA.id, shelves.cid)) == {"ada's"}
    assert allowed(shelves, readable(BEN.id)) == {"ben's"}
    assert allowed(shelves, changeable(BEN.id)) == {"ben's"}


def test_what_was_deleted_is_brought_back_by_who_could_delete_it_now(shelves: Talk) -> None:
    for found in shelves.read(documents.page_of, conversation_id=shelves.cid)[0]:
        shelves.write(documents.discard, found.id, shelves.now)
    assert allowed(shelves, restorable(ADA.id)) == TALK
    assert allowed(shelves, restorable(BEN.id)) == {"talk, by ben"}
    assert allowed(shelves, restorable(EVE)) == set()
    shelves.write(members.remove, shelves.cid, BEN.id)
    assert allowed(shelves, restorable(BEN.id)) == set(), "they have no say there any more"
    shelves.write(discarding.discard, shelves.cid, shelves.now)
    assert allowed(shelves, restorable(ADA.id)) == set()


def test_a_discarded_conversation_hides_its_documents_until_it_is_back(shelves: Talk) -> None:
    shelves.write(discarding.discard, shelves.cid, shelves.now)
    assert allowed(shelves, searched(ADA.id, shelves.cid)) == set()
    assert allowed(shelves, readable(ADA.id)) == {"ada's", "elsewhere"}
    shelves.write(discarding.restore, shelves.cid)
    assert allowed(shelves, readable(ADA.id)) == {"ada's", "elsewhere", *TALK}


def test_a_deleted_conversations_documents_are_in_nobodys_library(shelves: Talk) -> None:
    shelves.write(conversations.delete, shelves.streams, shelves.cid)
    assert allowed(shelves, readable(ADA.id)) == {"ada's", "elsewhere"}
    assert allowed(shelves, readable(BEN.id)) == {"ben's"}
