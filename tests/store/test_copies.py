"""A copy of one's own: the line as it is at rest, whole, and nothing of the source is touched."""

import pytest

from chat.core.lifecycle import Status
from chat.store import conversations, copies, messages
from chat.store.conversations import Conversation
from tests.store.talk import BEN, Talk


def copied(talk: Talk, **more: str) -> Conversation:
    made: Conversation = talk.write(copies.copy, talk.cid, owner=BEN, now=talk.tick(), **more)
    return made


def texts_in(talk: Talk, conversation: Conversation) -> list[str]:
    return [message.text for message in talk.read(messages.path, conversation.id)]


def test_a_copy_holds_the_line_and_belongs_to_whoever_made_it(talk: Talk) -> None:
    talk.conversation = talk.begin(title="Rivers", system="Be brief.", model="tiny", temperature=0.5)
    talk.answered("Where from?", "A sprïng. 水")
    talk.answered("And then?", "A brook.")
    made = copied(talk)
    assert made.owner_id == BEN.id
    assert (made.title, made.system, made.model, made.temperature) == ("Rivers", "Be brief.", "tiny", 0.5)
    before, after = talk.read(messages.path, talk.cid), talk.read(messages.path, made.id)
    assert [one.text for one in after] == [one.text for one in before]
    assert [(one.role, one.status, one.author, one.created_at) for one in after] == [
        (one.role, one.status, one.author, one.created_at) for one in before
    ]
    assert [one.parent_id for one in after] == [None, *(one.id for one in after[:-1])]
    assert {one.id for one in before} & {one.id for one in after} == set()
    assert all(one.usage is None and one.cost is None and one.asked_by is None for one in after)


def test_a_copy_is_read_like_any_answer_and_goes_on_without_the_source(talk: Talk) -> None:
    talk.answered("Where from?", "A sprïng.")
    made = copied(talk)
    talk.write(conversations.delete, talk.streams, talk.cid)
    answer = talk.read(messages.path, made.id)[-1]
    stored = talk.streams.read(answer.stream_id)
    assert stored.data.decode() == "A sprïng."
    assert (stored.state.status, stored.state.length) == ("done", len("A sprïng.".encode()))
    talk.conversation = made
    talk.answered("And then?", "A brook.", author=BEN)
    assert talk.texts() == ["Where from?", "A sprïng.", "And then?", "A brook."]


def test_an_answer_that_is_being_written_is_left_out_with_its_question(talk: Talk) -> None:
    talk.answered("One?", "Yes.")
    asked = talk.ask("Two?")
    talk.stream(asked, "Perhaps ")
    assert texts_in(talk, copied(talk)) == ["One?", "Yes."]
    assert talk.texts() == ["One?", "Yes.", "Two?", "Perhaps "], "the source is as it was"


def test_an_older_answer_stands_in_for_the_one_that_is_being_written(talk: Talk) -> None:
    first = talk.answered("One?", "Yes.")
    assert first.reply is not None
    talk.regenerate(first.reply)
    assert texts_in(talk, copied(talk)) == ["One?", "Yes."]


def test_an_interrupted_answer_is_a_stopped_one_in_the_copy(talk: Talk) -> None:
    asked = talk.ask("One?")
    talk.end(asked, talk.stream(asked), Status.INTERRUPTED, "Half")
    answer = talk.read(messages.path, copied(talk).id)[-1]
    assert (answer.text, answer.status) == ("Half", "stopped")


def test_an_older_answer_that_goes_on_is_a_stopped_one_in_the_copy(talk: Talk) -> None:
    asked = talk.ask("One?")
    talk.end(asked, talk.stream(asked), Status.INTERRUPTED, "Half")
    talk.answered("Two?", "No.")
    talk.stream(asked, " more", resume=True)
    line = talk.read(messages.path, copied(talk).id)
    assert [one.text for one in line] == ["One?", "Half more", "Two?", "No."]
    assert [one.status for one in line] == ["done", "stopped", "done", "done"]
    assert [orphan.id for orphan in talk.streams.orphans(lambda owner: False)] == [], "nobody goes on with it"


def test_a_copy_ends_where_it_was_asked_to(talk: Talk) -> None:
    first = talk.answered("One?", "Yes.")
    talk.answered("Two?", "No.")
    assert first.reply is not None
    assert texts_in(talk, copied(talk, message_id=first.reply.id)) == ["One?", "Yes."]
    assert texts_in(talk, copied(talk, message_id=first.message.id)) == ["One?"]
    talk.conversation, elsewhere = talk.begin(), first.reply.id
    for unknown in (elsewhere, "nothing"):
        with pytest.raises(copies.NoSuchMessage):
            copied(talk, message_id=unknown)


def test_nothing_to_copy_is_an_empty_copy_and_what_is_gone_is_none(talk: Talk) -> None:
    assert texts_in(talk, copied(talk)) == []
    talk.write(conversations.delete, talk.streams, talk.cid)
    with pytest.raises(conversations.ConversationGone):
        copied(talk)


def test_the_reasoning_of_an_answer_comes_along(talk: Talk) -> None:
    turn = copies.Turn("assistant", "Four.", talk.now, reasoning="Two and two.")
    ask = copies.Turn("user", "How many?", talk.now, author=BEN)
    made = talk.begin()
    talk.write(copies.write_line, made, [ask, turn])
    talk.conversation = made
    answer = talk.read(messages.path, copied(talk).id)[-1]
    assert answer.reasoning_stream_id not in (None, stream_like(talk, made))
    assert talk.streams.read(answer.reasoning_stream_id).data == b"Two and two."


def stream_like(talk: Talk, conversation: Conversation) -> str | None:
    found = talk.read(messages.path, conversation.id)[-1].reasoning_stream_id
    return str(found) if found else None
