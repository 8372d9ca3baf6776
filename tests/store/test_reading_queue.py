"""The queue of documents to be read: one reader each, claims that run out, and three attempts at most."""

import pytest
from sqlalchemy import select

from chat.store import conversations, documents, passages, reading_queue
from chat.store.document_tables import documents as documents_table
from chat.store.people import Person
from chat.store.reading_queue import ATTEMPTS, PAUSE_S, ClaimLost
from tests.store.library import LEASE_S, add, begin, claim, erase, passages_of, put, read, ready
from tests.store.talk import BEN, Talk

DAMAGED = {"code": "damaged", "message": "This PDF is damaged."}


def status(talk: Talk, document_id: str) -> str:
    found: str = talk.read(documents.get, document_id).status
    return found


def test_what_waits_is_claimed_once_the_oldest_first(talk: Talk) -> None:
    first, second = add(talk), add(talk)
    assert (claim(talk).document_id, claim(talk).document_id) == (first.id, second.id)
    assert claim(talk) is None
    assert status(talk, first.id) == "reading"


def test_what_still_arrives_or_is_deleted_is_not_claimed(talk: Talk) -> None:
    begin(talk)
    talk.write(documents.delete, add(talk).id)
    assert claim(talk) is None


def test_who_adds_many_holds_up_nobody(talk: Talk) -> None:
    many = [add(talk) for _ in range(3)]
    bens = add(talk, BEN)
    assert claim(talk).document_id == bens.id, "who adds one is not behind who added three"
    assert [claim(talk).document_id for _ in many] == [one.id for one in many]


def test_two_who_add_many_leave_no_third_one_waiting(talk: Talk) -> None:
    cleo = Person("cleo", "Cleo")
    for _ in range(3):
        add(talk), add(talk, BEN)
    first = claim(talk)
    assert claim(talk).document_id != first.document_id
    hers = add(talk, cleo)
    talk.write(reading_queue.fail, first, DAMAGED, talk.now)
    assert claim(talk).document_id == hers.id, "the one whose was just read had his turn"


def test_what_was_read_is_there_whole_and_answers_draw_on_it(talk: Talk) -> None:
    made = ready(talk, "One.", "Two.")
    found = talk.read(documents.get, made.id)
    assert (found.status, found.progress, found.passages, found.language) == ("ready", 100, 2, "en")
    assert [one.text for one in talk.read(passages.page_of, made.id)] == ["One.", "Two."]


def test_how_far_the_reading_is_can_be_seen(talk: Talk) -> None:
    made, taken = add(talk), claim(talk)
    put(talk, taken, passages_of("One."), progress=40)
    found = talk.read(documents.get, made.id)
    assert (found.status, found.progress, found.passages) == ("reading", 40, 1)


def test_a_claim_that_was_not_renewed_is_anothers_and_the_first_adds_nothing_more(talk: Talk) -> None:
    made, first = add(talk), claim(talk, "first")
    put(talk, first, passages_of("Left by the first."))
    talk.now += LEASE_S
    second = claim(talk, "second")
    assert (second.document_id, second.attempt) == (made.id, 2)
    for late in (
        lambda: put(talk, first, passages_of("Late.")),
        lambda: talk.write(reading_queue.empty_some, first, 64),
        lambda: talk.write(reading_queue.finish, first, pages=None, now=talk.now),
        lambda: talk.write(reading_queue.fail, first, DAMAGED, talk.now),
        lambda: talk.write(reading_queue.try_again, first, DAMAGED, talk.now),
    ):
        with pytest.raises(ClaimLost):
            late()
    talk.write(reading_queue.give_back, first)
    assert status(talk, made.id) == "reading"


def test_a_new_attempt_begins_with_nothing(talk: Talk) -> None:
    made, first = add(talk), claim(talk)
    put(talk, first, passages_of(*["Left."] * 100))
    talk.now += LEASE_S
    second = claim(talk)
    writes = 1
    while talk.write(reading_queue.empty_some, second, 64):
        writes += 1
    assert writes == 3
    put(talk, second, passages_of("New."))
    found = talk.read(documents.get, made.id)
    assert (found.passages, len(talk.read(passages.page_of, made.id))) == (1, 1)


def test_a_claim_that_is_renewed_stays_ours(talk: Talk) -> None:
    made, taken = add(talk), claim(talk)
    talk.now += LEASE_S
    assert talk.write(reading_queue.renew, [taken], talk.now + LEASE_S) == set()
    assert claim(talk, "other") is None
    talk.write(documents.discard, made.id, talk.now)
    assert talk.write(reading_queue.renew, [taken], talk.now + LEASE_S) == {taken}


def test_to_renew_a_claim_rings_nobody(talk: Talk) -> None:
    add(talk)
    taken = claim(talk)
    assert talk.topics_of(reading_queue.renew, [taken], talk.now + LEASE_S) == set()


def test_a_dead_readers_claim_is_anybodys_at_once(talk: Talk) -> None:
    made = add(talk)
    claim(talk, "dead")
    assert talk.read(reading_queue.readers) == {"dead"}
    assert talk.topics_of(reading_queue.release, "dead") == {documents.READERS}
    assert claim(talk).document_id == made.id
    assert talk.topics_of(reading_queue.release, "dead") == set()


def test_what_is_given_back_waits_and_the_attempt_does_not_count(talk: Talk) -> None:
    made = add(talk)
    for _ in range(2 * ATTEMPTS):
        taken = claim(talk)
        assert (taken.document_id, taken.attempt) == (made.id, 1)
        assert documents.READERS in talk.topics_of(reading_queue.give_back, taken)
        assert status(talk, made.id) == "waiting"


def test_what_ended_its_reader_each_time_is_claimed_once_more_to_be_emptied_and_fails(talk: Talk) -> None:
    made = add(talk)
    for _ in range(ATTEMPTS):
        assert not claim(talk).is_spent
        talk.now += LEASE_S
    last = claim(talk)
    assert last.is_spent
    assert not talk.write(reading_queue.try_again, last, DAMAGED, talk.now)
    found = talk.read(documents.get, made.id)
    assert (found.status, found.error) == ("failed", DAMAGED)


def test_an_attempt_that_failed_is_followed_by_another_after_a_pause(talk: Talk) -> None:
    made = add(talk)
    for _ in range(ATTEMPTS - 1):
        assert talk.write(reading_queue.try_again, claim(talk), DAMAGED, talk.now)
        assert claim(talk) is None
        talk.now += PAUSE_S
    assert not talk.write(reading_queue.try_again, claim(talk), DAMAGED, talk.now)
    found = talk.read(documents.get, made.id)
    assert (found.status, found.error) == ("failed", DAMAGED)


def test_what_cannot_be_read_says_why_and_is_not_tried_again(talk: Talk) -> None:
    made = add(talk)
    talk.write(reading_queue.fail, claim(talk), DAMAGED, talk.now)
    assert talk.read(documents.get, made.id).error == DAMAGED
    talk.now += 1000
    assert claim(talk) is None


def test_what_is_brought_back_before_it_was_read_is_read_then(talk: Talk) -> None:
    made, taken = add(talk), claim(talk)
    talk.write(documents.discard, made.id, talk.now)
    with pytest.raises(ClaimLost):
        put(talk, taken, passages_of("One."))
    talk.write(reading_queue.give_back, taken)
    assert claim(talk) is None
    talk.write(documents.restore, made.id)
    assert claim(talk).document_id == made.id


def test_a_conversation_that_is_deleted_takes_its_documents_along_read_or_not(talk: Talk) -> None:
    ready(talk, conversation_id=talk.cid)
    add(talk, conversation_id=talk.cid)
    taken = claim(talk)
    add(talk, conversation_id=talk.cid)
    mine = ready_beside(talk)
    talk.write(conversations.delete, talk.streams, talk.cid)
    with pytest.raises(ClaimLost):
        put(talk, taken, passages_of("One."))
    assert claim(talk) is None
    erase(talk, undo_s=600)
    kept = talk.store.read(lambda conn: list(conn.execute(select(documents_table.c.id)).scalars()))
    assert kept == [mine]


def ready_beside(talk: Talk) -> str:
    """Have a document of the library read while another one of the queue is passed over."""
    made = add(talk, BEN)
    assert read(talk, "Ben's.").document_id == made.id
    return made.id
