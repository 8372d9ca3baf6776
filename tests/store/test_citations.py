"""Citations: noted once, before the first word, under the epoch that writes; pruned with the end."""

from dataclasses import replace
from typing import Any

import gevent
import pytest

from chat.core.lifecycle import Status
from chat.core.sources import Source
from chat.store import conversations, copies, messages
from chat.store.briefing import Briefing, briefing_of
from chat.store.citations import Offered, offer, offered
from chat.store.leases import Orphan
from chat.store.messages import Asked
from tests.store.library import add, read
from tests.store.talk import ADA, BEN, Talk, stream_of

ONE = Source(1, "d1", "lease.pdf", 3, 12, "4 Ending", "It ends. With a notice of thirty days it ends early.")
TWO = Source(2, "d1", "lease.pdf", 4, 13, "", "Fees remain due.")


def note(
    talk: Talk, asked: Asked, epoch: int, *sources: Source, left_out: int = 0, unread: int = 0
) -> Offered | None:
    found: Offered | None = talk.write(offer, stream_of(asked), epoch, sources, left_out, unread)
    return found


def cited(talk: Talk, asked: Asked) -> list[int]:
    return [citation["number"] for citation in answer(talk, asked).citations]


def answer(talk: Talk, asked: Asked) -> Any:
    return talk.read(messages.by_stream, stream_of(asked))


def brief_of(talk: Talk, asked: Asked) -> Briefing:
    brief: Briefing | None = talk.read(briefing_of, stream_of(asked))
    assert brief is not None
    return brief


def test_what_is_offered_is_seen_at_once_and_of_it_what_is_cited_stays(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    before = talk.read(conversations.get, talk.cid).revision
    assert note(talk, asked, epoch, ONE, TWO, left_out=3) == Offered((ONE, TWO), 3)
    assert f"conversation:{talk.cid}" in talk.rung[-1]
    (changed,) = talk.read(messages.changes, talk.cid, before).messages
    assert [one["number"] for one in changed.citations] == [1, 2]

    talk.end(asked, epoch, Status.DONE, "Early with a notice of thirty days [1].")
    found = answer(talk, asked)
    (kept,) = (Source.from_json(one) for one in found.citations)
    assert replace(kept, quote=None) == ONE
    assert kept.quote is not None
    assert kept.text[slice(*kept.quote)] == "With a notice of thirty days it ends early."
    assert found.left_out == 3


def test_what_pages_showed_as_a_chip_keeps_its_source_however_its_backticks_are_paired(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    note(talk, asked, epoch, ONE, TWO)
    talk.end(asked, epoch, Status.DONE, "- A ` stands here [1]\n- and `a[2]` there")
    assert cited(talk, asked) == [1]


def test_the_first_that_notes_something_counts(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    note(talk, asked, epoch, ONE)
    assert note(talk, asked, epoch, TWO, left_out=9) == Offered([ONE], 0)
    assert talk.read(offered, stream_of(asked)) == Offered([ONE], 0)


def test_whoever_takes_an_answer_over_finds_what_was_noted_and_a_zombie_notes_nothing(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    taken = talk.streams.take_over(Orphan(stream_of(asked), epoch, False, 0))
    assert taken is not None
    assert note(talk, asked, epoch, ONE) is None, "the lease was lost"
    assert cited(talk, asked) == []
    assert note(talk, asked, epoch + 1, TWO) == Offered((TWO,), 0)
    assert note(talk, asked, epoch, ONE) is None
    assert cited(talk, asked) == [2]


@pytest.mark.parametrize("status", [Status.DONE, Status.STOPPED, Status.ERROR, Status.INTERRUPTED])
def test_nothing_is_noted_once_nobody_writes(talk: Talk, status: Status) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    talk.end(asked, epoch, status, "It ends.")
    before = talk.read(conversations.get, talk.cid).revision
    assert note(talk, asked, epoch, ONE, left_out=1) is None
    assert talk.read(conversations.get, talk.cid).revision == before


def test_an_answer_that_is_gone_is_offered_nothing(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    talk.remove(asked)
    assert note(talk, asked, epoch, ONE) is None
    assert talk.write(offer, "nothing", 1, [ONE], 0) is None


@pytest.mark.parametrize("status", [Status.STOPPED, Status.ERROR])
def test_an_answer_that_was_cut_keeps_what_it_cited_until_then(talk: Talk, status: Status) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    note(talk, asked, epoch, ONE, TWO)
    talk.end(asked, epoch, status, "Fees are due [2]. And")
    assert cited(talk, asked) == [2]


def test_an_interrupted_one_keeps_all_for_it_may_go_on_under_the_same_numbers(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    note(talk, asked, epoch, ONE, TWO)
    talk.end(asked, epoch, Status.INTERRUPTED, "Fees are due [2]. And")
    assert cited(talk, asked) == [1, 2]
    assert brief_of(talk, asked).sources == [ONE, TWO]
    epoch = talk.stream(asked, resume=True)
    talk.end(asked, epoch, Status.DONE, "Fees are due [2]. And it ends [1].")
    assert cited(talk, asked) == [1, 2]


def test_one_that_is_stopped_while_nobody_writes_keeps_what_it_cites(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    note(talk, asked, epoch, ONE, TWO)
    talk.end(asked, epoch, Status.INTERRUPTED, "Fees are due [2]. And")
    assert talk.streams.stop_idle(stream_of(asked))
    assert cited(talk, asked) == [2]


def test_another_answer_to_the_same_question_begins_without_any(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    note(talk, asked, epoch, ONE)
    talk.end(asked, epoch, Status.DONE, "It ends [1].")
    assert asked.reply is not None
    again = talk.regenerate(asked.reply)
    assert cited(talk, again) == []
    assert brief_of(talk, again).sources == []


def test_a_copy_keeps_what_was_cited_and_of_an_unfinished_answer_what_it_cites_so_far(talk: Talk) -> None:
    done = talk.ask()
    epoch = talk.stream(done)
    note(talk, done, epoch, ONE, left_out=4, unread=2)
    talk.end(done, epoch, Status.DONE, "It ends [1].")
    cut = talk.ask("And fees?")
    epoch = talk.stream(cut)
    note(talk, cut, epoch, ONE, TWO)
    talk.end(cut, epoch, Status.INTERRUPTED, "They are due [2].")

    made = talk.write(copies.copy, talk.cid, owner=BEN, now=talk.tick())
    line = talk.read(messages.path, made.id)
    assert [[one["number"] for one in message.citations] for message in line] == [[], [1], [], [2]]
    assert [message.left_out for message in line] == [0, 4, 0, 0]
    assert [message.unread_documents for message in line] == [0, 2, 0, 0]
    assert line[1].citations == answer(talk, done).citations


def test_a_copy_of_ones_own_keeps_the_switch_of_the_library(talk: Talk) -> None:
    talk.answered()
    talk.write(conversations.change, talk.cid, {"library": False})
    assert talk.write(copies.copy, talk.cid, owner=ADA, now=talk.tick()).library is False
    assert talk.write(copies.copy, talk.cid, owner=BEN, now=talk.tick()).library is True


# ── what an answer is asked with ─────────────────────────────────────────────────────────────


def test_a_briefing_says_whose_documents_there_are_to_search(talk: Talk) -> None:
    asked = talk.ask()
    assert not brief_of(talk, asked).has_documents
    add(talk)
    assert not brief_of(talk, asked).has_documents, "it is not read yet"
    read(talk, "It ends.")
    brief = brief_of(talk, asked)
    assert (brief.has_documents, brief.asked_by, brief.conversation_id) == (True, "ada", talk.cid)
    talk.write(conversations.change, talk.cid, {"library": False})
    assert not brief_of(talk, asked).has_documents


def test_a_guests_library_is_none_of_a_conversations(talk: Talk) -> None:
    add(talk, BEN)
    read(talk, "Private.")
    asked = talk.ask(author=BEN)
    assert not brief_of(talk, asked).has_documents


def test_a_briefing_tells_which_answers_hold_marks(talk: Talk) -> None:
    talk.answered("Why?", "Because [1].")
    asked = talk.ask("And?")
    epoch = talk.stream(asked)
    note(talk, asked, epoch, ONE)
    talk.end(asked, epoch, Status.DONE, "It ends [1].")
    turns = brief_of(talk, talk.ask("So?")).turns
    assert [(turn.text, turn.cites) for turn in turns if turn.role == "assistant"] == [
        ("Because [1].", False),
        ("It ends [1].", True),
    ]


def test_two_that_note_at_once_agree(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    both = [gevent.spawn(note, talk, asked, epoch, source) for source in (ONE, TWO)]
    gevent.joinall(both, raise_error=True)
    first, second = (list(one.value.sources) for one in both)
    assert first == second
    assert cited(talk, asked) == [first[0].number]
