"""Branches: the line through any message, its end, and pieces of it."""

import pytest

from chat.store import branches, messages
from chat.store.message_rows import Message
from chat.store.messages import BEGINNING
from chat.store.paging import BadPage
from tests.store.talk import Talk


def texts(found: list[Message]) -> list[str]:
    return [message.text for message in found]


def test_a_message_leads_to_the_newest_that_goes_back_to_it(talk: Talk) -> None:
    first = talk.answered("One?", "1")
    second = talk.answered("Two?", "2")
    another = talk.answered("Two again?", "2b", parent_id=first.reply.id, branch=True)
    for start, leaf in (
        (first.message, another.reply),
        (second.message, second.reply),
        (another.reply, another.reply),
    ):
        assert talk.read(branches.leaf_of, talk.cid, start.id) == leaf.id
    assert texts(talk.read(branches.line, second.reply.id)) == ["One?", "1", "Two?", "2"]
    assert texts(talk.read(messages.path, talk.cid)) == ["One?", "1", "Two again?", "2b"]


def test_a_question_asked_anew_from_the_beginning_has_the_first_one_as_sibling(talk: Talk) -> None:
    first = talk.answered("One?", "1")
    anew = talk.answered("Uno?", "I", parent_id=BEGINNING, branch=True)
    assert anew.message.siblings == (first.message.id, anew.message.id)
    assert texts(talk.read(messages.path, talk.cid)) == ["Uno?", "I"]
    assert texts(talk.read(branches.line, first.reply.id)) == ["One?", "1"]


def test_what_is_no_message_of_this_conversation_leads_nowhere(talk: Talk) -> None:
    talk.answered()
    foreign = talk.ask(conversation=talk.begin())
    for unknown in ("none", "a\x00b", foreign.message.id):
        assert talk.read(branches.leaf_of, talk.cid, unknown) is None
        assert talk.read(branches.before, talk.cid, unknown) is None
        with pytest.raises(BadPage):
            talk.read(messages.page, talk.cid, branch=unknown)


def test_a_page_of_messages_takes_the_line_through_one_of_them(talk: Talk) -> None:
    first = talk.answered("One?", "1")
    old = talk.answered("Two?", "2")
    talk.answered("Two again?", "2b", parent_id=first.reply.id, branch=True)
    found, further = talk.read(messages.page, talk.cid, branch=old.message.id)
    assert (texts(found), further) == (["One?", "1", "Two?", "2"], None)


def test_a_long_line_is_read_in_pieces(talk: Talk) -> None:
    asked = [talk.answered(f"{number}?", f"{number}") for number in range(30)]
    last = asked[-1].reply.id
    assert texts(talk.read(branches.line, last, 3)) == ["28", "29?", "29"]
    assert texts(talk.read(branches.before, talk.cid, asked[2].message.id, 3)) == ["0", "1?", "1"]
    assert talk.read(branches.before, talk.cid, asked[0].message.id) == []
    window = talk.read(branches.around, last, asked[10].message.id)
    assert window.goes_on
    assert texts(window.messages)[:2] == ["0?", "0"]
    assert texts(window.messages)[20:22] == ["10?", "10"]
    assert len(window.messages) == 20 + 1 + branches.EACH_WAY
    assert not talk.read(branches.around, last, asked[20].message.id).goes_on
