"""Documents: added piece by piece, listed, renamed, deleted with a way back, erased bit by bit."""

from typing import Any

import pytest

from chat.core.documents import Passage
from chat.store import documents, erasing, passages
from chat.store.conversations import ConversationGone
from chat.store.document_rights import readable
from chat.store.document_tables import documents as documents_table
from chat.store.document_tables import originals, vectors
from chat.store.document_tables import passages as passages_table
from chat.store.documents import PIECE_BYTES, Allowed, DocumentGone, TooManyDocuments, TooMuch
from chat.store.paging import BadPage
from chat.store.passage_search import texts
from chat.store.reading_queue import ClaimLost
from tests.store.library import add, begin, claim, erase, put, ready
from tests.store.talk import ADA, BEN, Talk, count

ALL = (documents_table, originals, passages_table, vectors)


def left(talk: Talk) -> list[int]:
    return [talk.read(count, table) for table in ALL]


# ── adding ───────────────────────────────────────────────────────────────────────────────────


def test_a_new_one_waits_to_be_read_once_its_original_is_whole(talk: Talk) -> None:
    made = begin(talk, size=3)
    assert (made.status, made.owner_id, made.conversation_id) == ("arriving", ADA.id, None)
    talk.write(documents.put_piece, made.id, 1, b"abc", talk.tick())
    assert talk.write(documents.arrived, made.id, talk.now).status == "waiting"
    assert talk.read(documents.get, made.id).updated_at == talk.now


def test_an_original_comes_back_as_it_was(talk: Talk) -> None:
    original = bytes(range(256)) * 2500
    made = add(talk, original=original)
    pieces = list(documents.pieces_of(talk.store, made.id))
    assert [len(piece) for piece in pieces] == [PIECE_BYTES, PIECE_BYTES, len(original) - 2 * PIECE_BYTES]
    assert b"".join(pieces) == original


def test_an_original_that_is_not_whole_is_not_given_as_one(talk: Talk) -> None:
    made = begin(talk, size=2 * PIECE_BYTES)
    talk.write(documents.put_piece, made.id, 1, bytes(PIECE_BYTES), talk.now)
    with pytest.raises(DocumentGone):
        list(documents.pieces_of(talk.store, made.id))
    with pytest.raises(DocumentGone):
        list(documents.pieces_of(talk.store, "nobody"))


def test_who_adds_is_stored_with_it(talk: Talk) -> None:
    assert begin(talk, BEN).owner_id == BEN.id


def test_nothing_is_added_to_a_conversation_that_is_gone(talk: Talk) -> None:
    with pytest.raises(ConversationGone):
        begin(talk, conversation_id="nobody")


def test_somebody_may_have_so_many_and_no_more(talk: Talk) -> None:
    first = add(talk)
    begin(talk, limits=Allowed(documents=2), conversation_id=talk.cid)
    with pytest.raises(TooManyDocuments):
        begin(talk, limits=Allowed(documents=2))
    begin(talk, BEN, limits=Allowed(documents=2))
    talk.write(documents.discard, first.id, talk.now)
    begin(talk, limits=Allowed(documents=2))


def test_somebodys_documents_may_be_so_large_and_no_larger(talk: Talk) -> None:
    begin(talk, size=60, limits=Allowed(bytes=100))
    with pytest.raises(TooMuch):
        begin(talk, size=41, limits=Allowed(bytes=100))
    begin(talk, size=40, limits=Allowed(bytes=100))


def test_what_was_deleted_makes_room_and_comes_back_no_more_once_that_was_taken(talk: Talk) -> None:
    old = add(talk, original=b"x" * 60)
    talk.write(documents.discard, old.id, talk.now)
    begin(talk, size=40, limits=Allowed(bytes=100))
    assert talk.read(documents.discarded, old.id).id == old.id
    begin(talk, size=40, limits=Allowed(bytes=100))
    assert talk.read(documents.discarded, old.id) is None
    assert talk.write(documents.restore, old.id) is None


def test_what_is_deleted_takes_room_until_it_is_erased_once_it_is_as_much_again(talk: Talk) -> None:
    for _ in range(3):
        talk.write(documents.delete, add(talk, original=b"x" * 50, limits=Allowed(bytes=100)).id)
    begin(talk, size=50, limits=Allowed(bytes=100))
    with pytest.raises(TooMuch):
        begin(talk, size=1, limits=Allowed(bytes=100))
    erase(talk)
    begin(talk, size=50, limits=Allowed(bytes=100))


@pytest.mark.parametrize("step", ["abandon", "arrived", "discard"])
def test_a_piece_that_comes_too_late_is_refused(talk: Talk, step: str) -> None:
    made = begin(talk)
    talk.write(getattr(documents, step), made.id, *([] if step == "abandon" else [talk.now]))
    with pytest.raises(DocumentGone):
        talk.write(documents.put_piece, made.id, 1, b"abc", talk.now)


# ── looking ──────────────────────────────────────────────────────────────────────────────────


def test_a_list_is_ones_own_library_newest_first_page_by_page(talk: Talk) -> None:
    names = [add(talk, name=f"{number}.txt").name for number in range(5)]
    add(talk, BEN, name="theirs.txt")
    add(talk, conversation_id=talk.cid, name="talk.txt")
    first, after = talk.read(documents.page_of, owner_id=ADA.id, limit=3)
    rest, end = talk.read(documents.page_of, owner_id=ADA.id, limit=3, after=after)
    assert [one.name for one in first + rest] == names[::-1]
    assert end is None
    with pytest.raises(BadPage):
        talk.read(documents.page_of, owner_id=ADA.id, after="nothing")


def test_a_conversation_lists_what_anybody_added_to_it(talk: Talk) -> None:
    add(talk, name="library.txt")
    add(talk, BEN, conversation_id=talk.cid, name="of-ben.txt")
    add(talk, conversation_id=talk.cid, name="of-ada.txt")
    found, _ = talk.read(documents.page_of, conversation_id=talk.cid)
    assert [one.name for one in found] == ["of-ada.txt", "of-ben.txt"]


def test_one_is_found_by_whoever_may_open_it(talk: Talk) -> None:
    made = add(talk)
    assert talk.read(documents.get, made.id, readable(ADA.id)) == made
    assert talk.read(documents.get, made.id, readable(BEN.id)) is None


# ── its passages ─────────────────────────────────────────────────────────────────────────────


def test_passages_are_read_around_a_place(talk: Talk) -> None:
    made = ready(talk, *(f"Passage {number}." for number in range(1, 31)))
    read_around = talk.read(passages.page_of, made.id, around=20, limit=5)
    assert [one.number for one in read_around] == [18, 19, 20, 21, 22]
    assert [one.number for one in talk.read(passages.page_of, made.id, around=1, limit=3)] == [1, 2, 3]
    assert [one.number for one in talk.read(passages.page_of, made.id, after=28)] == [29, 30]
    found = talk.read(passages.get, made.id, 7)
    assert (found.document, found.number, found.text) == ("rivers.md", 7, "Passage 7.")
    assert talk.read(passages.get, made.id, 31) is None


def test_passages_are_kept_as_they_were_cut(talk: Talk) -> None:
    made = add(talk)
    taken = claim(talk)
    assert taken is not None
    cut = Passage(1, "Es fließt: 流れる.", before="Before.", heading="Rivers › Germany", page=3)
    put(talk, taken, [cut])
    found = talk.read(passages.get, made.id, 1)
    kept = Passage(found.number, found.text, before=found.before, heading=found.heading, page=found.page)
    assert kept == cut


def test_passages_by_their_seqs_are_those_of_documents_that_one_may_search(talk: Talk) -> None:
    mine, theirs = ready(talk, "Mine."), ready(talk, "Theirs.", owner=BEN)
    seqs = [talk.read(passages.get, one.id, 1).seq for one in (theirs, mine)]
    assert [one.text for one in talk.read(texts, ADA.id, talk.cid, seqs)] == ["Mine."]


# ── changing ─────────────────────────────────────────────────────────────────────────────────


def test_it_is_called_otherwise(talk: Talk) -> None:
    made = add(talk)
    assert talk.write(documents.rename, made.id, "streams.md", talk.tick()).name == "streams.md"
    assert talk.read(documents.get, made.id).name == "streams.md"
    with pytest.raises(DocumentGone):
        talk.write(documents.rename, "nobody", "x", talk.now)


def test_what_was_discarded_is_gone_for_all_and_comes_back_as_it_was(talk: Talk) -> None:
    made = ready(talk, "Rivers run.")
    assert talk.write(documents.discard, made.id, talk.now)
    assert talk.read(documents.get, made.id) is None
    assert talk.read(documents.page_of, owner_id=ADA.id) == ([], None)
    assert not talk.write(documents.discard, made.id, talk.now)
    assert talk.write(documents.restore, made.id) == made
    assert talk.read(documents.get, made.id) == made


def test_what_was_deleted_for_good_does_not_come_back(talk: Talk) -> None:
    made = ready(talk)
    assert talk.write(documents.delete, made.id)
    assert talk.write(documents.restore, made.id) is None
    assert not talk.write(documents.delete, made.id)


def test_each_change_is_told_to_who_looks_at_the_list_it_is_in(talk: Talk) -> None:
    mine, talks = add(talk), add(talk, conversation_id=talk.cid)
    assert talk.topics_of(documents.rename, mine.id, "x", talk.now) == {f"documents:{ADA.id}"}
    assert talk.topics_of(documents.rename, talks.id, "x", talk.now) == {f"documents-of:{talk.cid}"}
    assert talk.topics_of(documents.discard, mine.id, talk.now) == {f"documents:{ADA.id}"}


# ── erasing ──────────────────────────────────────────────────────────────────────────────────


def test_a_long_one_is_erased_bit_by_bit(talk: Talk) -> None:
    made = ready(talk, *["Rivers run."] * 150, original=bytes(9 * PIECE_BYTES))
    keep = ready(talk, "Others stay.")
    row: dict[str, Any] = {"document_id": made.id, "model": "m", "dimensions": 1, "data": b"1234"}
    for first in (1, 65, 129):
        talk.write(lambda tx, at: tx.execute(vectors.insert().values(first=at, **row)), first)
    talk.write(documents.delete, made.id)
    assert erase(talk, undo_s=600) >= 12  # 150 passages by 24, vectors, 9 pieces by 4, the document
    assert left(talk) == [1, 1, 1, 0]
    assert talk.read(passages.get, keep.id, 1).text == "Others stay."


def test_what_may_still_come_back_is_not_erased(talk: Talk) -> None:
    made = ready(talk)
    talk.write(documents.discard, made.id, talk.now)
    talk.now += 599
    assert erase(talk, undo_s=600) == 0
    talk.now += 1
    assert erase(talk, undo_s=600)
    assert left(talk) == [0, 0, 0, 0]


def test_what_was_brought_back_while_it_was_looked_at_is_not_erased(talk: Talk) -> None:
    made = ready(talk)
    talk.write(documents.discard, made.id, talk.now)
    assert talk.read(erasing.due, talk.now, 0.0) == [made.id]
    talk.write(documents.restore, made.id)
    assert not talk.write(erasing.erase_some, made.id, talk.now, 0.0)
    assert left(talk) == [1, 1, 1, 0]


def test_what_stopped_arriving_is_erased_and_takes_no_more_pieces(talk: Talk) -> None:
    made = begin(talk, size=2 * PIECE_BYTES)
    talk.write(documents.put_piece, made.id, 1, bytes(PIECE_BYTES), talk.now)
    assert erase(talk) == 0
    talk.now += 300
    assert talk.write(erasing.erase_some, made.id, 0.0, talk.now - 300)
    with pytest.raises(DocumentGone):
        talk.write(documents.put_piece, made.id, 2, bytes(PIECE_BYTES), talk.now)
    assert erase(talk)
    assert left(talk) == [0, 0, 0, 0]


def test_what_is_read_while_it_is_deleted_leaves_nothing(talk: Talk) -> None:
    made = add(talk)
    taken = claim(talk)
    assert taken is not None
    put(talk, taken, [Passage(1, "One.")])
    talk.write(documents.delete, made.id)
    with pytest.raises(ClaimLost):
        put(talk, taken, [Passage(2, "Two.")])
    erase(talk)
    assert left(talk) == [0, 0, 0, 0]
