"""The reasoning of an answer in the tables: whose it is, what it replaces, and what ends it."""

import pytest

from chat.core.lifecycle import Status
from chat.store import conversations, messages, reasoning
from chat.store.briefing import briefing_of
from chat.store.leases import Orphan
from chat.store.messages import Asked, Message
from chat.store.streams import Batch
from chat.store.tables import streams
from chat.store.transaction import Transaction
from tests.store.talk import Talk, count, stream_of


def think(talk: Talk, asked: Asked, text: str = "Let me see. ", name: str = "thought") -> None:
    """Claim the answer, and store so much of what is thought before it."""
    if talk.streams.state(stream_of(asked)).epoch == 0:
        talk.stream(asked)
    epoch = talk.streams.state(stream_of(asked)).epoch
    assert talk.streams.open_beside(stream_of(asked), epoch, name)
    assert talk.streams.append([Batch(name, 1, 0, text)]) == set()


def answer_of(talk: Talk, asked: Asked) -> Message:
    found: Message = talk.read(messages.get, asked.reply.id)
    return found


def test_a_message_brings_what_was_thought_before_it(talk: Talk):
    asked = talk.ask()
    before = answer_of(talk, asked).revision
    think(talk, asked)
    answer = answer_of(talk, asked)
    assert (answer.text, answer.reasoning_stream_id) == ("", "thought")
    assert (answer.reasoning.text, answer.reasoning.status) == ("Let me see. ", Status.STREAMING)
    assert answer.revision > before, "viewers learn that it thinks"
    assert f"conversation:{talk.cid}" in set().union(*talk.rung)


def test_once_it_is_over_one_knows_how_long_it_took(talk: Talk):
    asked = talk.ask()
    think(talk, asked)
    timing = {"first_token_ms": 0, "total_ms": 1200}
    assert talk.streams.close("thought", 1, Status.DONE, text="Let me see. Yes.", timing=timing)
    thought = answer_of(talk, asked).reasoning
    assert (thought.text, thought.status, thought.total_ms) == ("Let me see. Yes.", Status.DONE, 1200)


def test_what_it_is_asked_again_for_is_there_once(talk: Talk):
    asked = talk.ask()
    think(talk, asked)
    revision = answer_of(talk, asked).revision
    assert talk.streams.open_beside(stream_of(asked), 1, "thought"), "the first answer may have been lost"
    assert (answer_of(talk, asked).revision, answer_of(talk, asked).reasoning.text) == (
        revision,
        "Let me see. ",
    )


def test_who_does_not_hold_the_answer_thinks_for_nobody(talk: Talk):
    asked = talk.ask()
    assert not talk.streams.open_beside(stream_of(asked), 0, "thought"), "pending"
    epoch = talk.stream(asked)
    assert not talk.streams.open_beside(stream_of(asked), epoch + 1, "thought")
    talk.end(asked, epoch, Status.DONE, "Over.")
    assert not talk.streams.open_beside(stream_of(asked), epoch, "thought")
    assert not talk.streams.open_beside("nobody's", 1, "thought")
    assert answer_of(talk, asked).reasoning is None


def test_a_stream_without_a_message_has_no_place_for_it(talk: Talk):
    talk.write(talk.streams.create, "alone", chunk_by="word")
    talk.streams.claim("alone", {Status.PENDING})
    assert not talk.streams.open_beside("alone", 1, "thought")
    assert talk.streams.state("thought") is None


@pytest.mark.parametrize("how", ["take_over", "interrupt"])
def test_what_changes_hands_has_thought_enough(talk: Talk, how: str):
    asked = talk.ask()
    think(talk, asked)
    orphan = Orphan(stream_of(asked), 1, stop_requested=False, continuations=0)
    assert getattr(talk.streams, how)(orphan)
    thought = answer_of(talk, asked).reasoning
    assert (thought.text, thought.status) == ("Let me see. ", Status.STOPPED)
    assert talk.streams.append([Batch("thought", 1, 12, "More.")]) == {"thought"}, "nobody writes it any more"


def test_the_next_epoch_puts_its_own_in_its_place(talk: Talk):
    asked = talk.ask()
    think(talk, asked)
    talk.streams.take_over(Orphan(stream_of(asked), 1, stop_requested=False, continuations=0))
    think(talk, asked, "Anew. ", "second")
    answer = answer_of(talk, asked)
    assert (answer.reasoning_stream_id, answer.reasoning.text) == ("second", "Anew. ")
    assert talk.streams.state("thought") is None


def test_an_orphan_among_them_is_known_as_such_and_never_resumed(talk: Talk):
    asked = talk.ask()
    think(talk, asked)
    found = {orphan.id: orphan for orphan in talk.streams.orphans(lambda owner: True)}
    assert found["thought"].beside == stream_of(asked)
    assert talk.streams.interrupt(found["thought"])
    assert talk.streams.state("thought").status == Status.STOPPED
    assert talk.streams.claim("thought", {Status.PENDING, Status.INTERRUPTED}) is None


def test_removed_alone_it_leaves_the_answer(talk: Talk):
    asked = talk.ask()
    think(talk, asked)
    before = answer_of(talk, asked).revision
    assert talk.write(reasoning.remove, talk.streams, "thought")
    answer = answer_of(talk, asked)
    assert (answer.reasoning, answer.reasoning_stream_id) == (None, None)
    assert answer.revision > before
    assert talk.streams.state("thought") is None
    assert not talk.write(reasoning.remove, talk.streams, "thought")


@pytest.mark.parametrize("how", ["answer", "conversation"])
def test_it_goes_with_what_it_was_thought_for(talk: Talk, how: str):
    asked = talk.ask()
    think(talk, asked)
    if how == "answer":
        talk.remove(asked)
    else:
        talk.write(conversations.delete, talk.streams, talk.cid)
    assert talk.streams.state("thought") is None


def test_one_that_begins_while_its_answer_is_removed_goes_with_it(postgres_url: str, monkeypatch):
    with Talk(postgres_url) as talk:
        asked = talk.ask()
        epoch, answer, bump = talk.stream(asked), stream_of(asked), conversations.bump

        def begin_first(tx: Transaction, conversation_id: str) -> int:
            monkeypatch.setattr(conversations, "bump", bump)
            assert talk.streams.open_beside(answer, epoch, "thought")
            return bump(tx, conversation_id)

        monkeypatch.setattr(conversations, "bump", begin_first)
        talk.remove(asked)
        assert talk.read(count, streams) == 0


def test_a_model_is_told_texts_alone(talk: Talk):
    asked = talk.ask("What is it?")
    think(talk, asked, "Secretly.")
    talk.streams.close("thought", 1, Status.DONE, text="Secretly.")
    talk.end(asked, 1, Status.DONE, "A log.")
    again = talk.ask("And then?")
    brief = talk.read(briefing_of, stream_of(again))
    assert [(turn.role, turn.text) for turn in brief.turns] == [
        ("user", "What is it?"),
        ("assistant", "A log."),
        ("user", "And then?"),
    ]


def test_a_model_is_told_its_own_branch_as_far_as_it_was_written(talk: Talk):
    first = talk.answered("One?", "Half of")
    talk.answered("Two?", "Second.")
    other = talk.ask("Instead of two?", parent_id=first.reply.id, branch=True, model="small")
    brief = talk.read(briefing_of, stream_of(other))
    assert [turn.text for turn in brief.turns] == ["One?", "Half of", "Instead of two?"]
    assert brief.model == "small"
    assert [turn.text for turn in brief.turns] == [
        message.text for message in talk.read(messages.history, answer_of(talk, other))
    ]


def test_a_stream_without_a_message_has_no_briefing(talk: Talk):
    talk.write(talk.streams.create, "alone", chunk_by="word")
    assert talk.read(briefing_of, "alone") is None
