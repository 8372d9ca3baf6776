"""Asking: a question and its answer enter together, sending twice is sending once, one answer at a time."""

import gevent
import pytest

from chat.core.lifecycle import Status
from chat.store import asking, conversations, messages
from chat.store.conversations import ConversationGone
from chat.store.leases import AnotherIsLive
from chat.store.messages import (
    BEGINNING,
    AnswerInProgress,
    Asked,
    ClientIdReused,
    StaleParent,
    UnknownAnswer,
    UnknownParent,
)
from chat.store.tables import messages as table
from chat.store.tables import streams
from tests.store.talk import ADA, BEN, Talk, count, stream_of


def test_a_question_brings_its_answer(talk: Talk) -> None:
    asked = talk.ask("Why?", model="m-2")
    question, reply = asked.message, asked.reply
    assert asked.created
    assert reply is not None
    assert (question.role, question.text, question.status, question.author) == ("user", "Why?", "done", ADA)
    assert (question.parent_id, question.stream_id, question.model) == (None, None, None)
    assert (reply.role, reply.text, reply.status, reply.author) == ("assistant", "", "pending", None)
    assert (reply.parent_id, reply.model) == (question.id, "m-2")
    state = talk.streams.state(stream_of(asked))
    assert state is not None
    assert (state.status, state.epoch, state.chunk_by) == (Status.PENDING, 0, "sentence")


def test_without_a_model_it_is_the_conversations(talk: Talk) -> None:
    reply = talk.ask(conversation=talk.begin(model="house")).reply
    assert reply is not None
    assert reply.model == "house"


def test_asking_counts_one_change_and_rings_once(talk: Talk) -> None:
    asked = talk.ask()
    assert talk.rung[-1] == {f"conversation:{talk.cid}", f"person:{ADA.id}"}
    assert asked.reply is not None
    assert asked.message.revision == asked.reply.revision == 2
    found = talk.read(conversations.get, talk.cid)
    assert (found.revision, found.changed_at_revision, found.updated_at) == (2, 1, talk.now)


def test_a_question_follows_the_newest_message(talk: Talk) -> None:
    first = talk.answered()
    assert first.reply is not None
    assert talk.ask("And?").message.parent_id == first.reply.id


def test_several_people_may_ask_and_are_named(talk: Talk) -> None:
    talk.answered(author=ADA)
    talk.ask("May I?", author=BEN)
    authors = [message.author for message in talk.read(messages.path, talk.cid) if message.role == "user"]
    assert authors == [ADA, BEN]


def test_a_deleted_conversation_takes_no_question(talk: Talk) -> None:
    talk.write(conversations.delete, talk.streams, talk.cid)
    with pytest.raises(ConversationGone):
        talk.ask()


# ── sending twice ────────────────────────────────────────────────────────────────────────────


def test_the_same_client_id_is_the_same_question(talk: Talk) -> None:
    first = talk.ask(client_id="k")
    rung = len(talk.rung)
    again = talk.ask(client_id="k")
    assert not again.created
    assert (again.message, again.reply) == (first.message, first.reply)
    assert talk.rung[rung:] in ([], [set()])  # nobody is woken


def test_a_repeated_question_shows_what_became_of_it(talk: Talk) -> None:
    talk.answered("Why?", "Because.", client_id="k")
    talk.ask("And?")
    again = talk.ask("Why?", client_id="k")  # while another answer is live, and with an old parent
    assert again.reply is not None
    assert (again.created, again.reply.status, again.reply.text) == (False, "done", "Because.")


def test_a_regenerated_answer_does_not_stand_in_for_the_first(talk: Talk) -> None:
    first = talk.answered("Why?", "Because.", client_id="k")
    assert first.reply is not None
    talk.regenerate(first.reply)
    again = talk.ask("Why?", client_id="k").reply
    assert again is not None
    assert again.id == first.reply.id


def test_a_repeated_question_whose_answer_was_deleted_has_none(talk: Talk) -> None:
    asked = talk.ask(client_id="k")
    talk.remove(asked)
    again = talk.ask(client_id="k")
    assert (again.message.id, again.reply, again.created) == (asked.message.id, None, False)


def test_another_text_under_the_same_client_id_is_refused(talk: Talk) -> None:
    talk.ask("One", client_id="k")
    with pytest.raises(ClientIdReused):
        talk.ask("Two", client_id="k")


def test_a_client_id_counts_per_person_and_conversation(talk: Talk) -> None:
    talk.answered(client_id="k")
    assert talk.answered("Other text", author=BEN, client_id="k").created
    assert talk.ask("Another", conversation=talk.begin(), client_id="k").created


def test_many_equal_sends_at_once_make_one_question(talk: Talk) -> None:
    sends = [gevent.spawn(talk.ask, client_id="k") for _ in range(30)]
    asked: list[Asked] = [send.get() for send in sends]
    assert len({(one.message.id, stream_of(one)) for one in asked}) == 1
    assert sum(one.created for one in asked) == 1
    assert (talk.read(count, table), talk.read(count, streams)) == (2, 1)


# ── one answer at a time ─────────────────────────────────────────────────────────────────────


def test_a_live_answer_refuses_the_next_question(talk: Talk) -> None:
    live = talk.ask()
    for begin in (lambda: None, lambda: talk.stream(live, "Now it streams.")):
        begin()
        with pytest.raises(AnswerInProgress) as refused:
            talk.ask("And?")
        assert refused.value.stream_id == stream_of(live)


@pytest.mark.parametrize("status", [Status.DONE, Status.STOPPED, Status.ERROR, Status.INTERRUPTED])
def test_an_ended_answer_lets_the_next_question_in(talk: Talk, status: Status) -> None:
    asked = talk.ask()
    talk.end(asked, talk.stream(asked), status, "So far")
    assert talk.ask("And?").created


def test_many_questions_at_once_make_one_answer(talk: Talk) -> None:
    def send(number: int) -> str:
        try:
            return stream_of(talk.ask(f"Question {number}"))
        except AnswerInProgress as refused:
            return refused.stream_id

    sends = [gevent.spawn(send, number) for number in range(30)]
    assert len({send.get() for send in sends}) == 1
    assert (talk.read(count, table), talk.read(count, streams)) == (2, 1)


def test_where_the_look_sees_nothing_the_index_decides(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    live = talk.ask()
    monkeypatch.setattr(asking, "_refuse_second_answer", lambda conn, conversation_id: None)
    with pytest.raises(AnswerInProgress) as refused:
        talk.ask("And?")
    assert refused.value.stream_id == stream_of(live)
    assert (talk.read(count, table), talk.read(count, streams)) == (2, 1)


def test_an_interrupted_answer_is_not_claimed_again_beside_a_live_one(talk: Talk) -> None:
    old = talk.ask()
    talk.end(old, talk.stream(old), Status.INTERRUPTED, "Half")
    live = talk.ask("And?")
    with pytest.raises(AnotherIsLive):
        talk.streams.claim(stream_of(old), {Status.INTERRUPTED})
    state = talk.streams.state(stream_of(old))
    assert state is not None
    assert (state.status, state.epoch) == (Status.INTERRUPTED, 1)
    assert talk.read(messages.live_beside, stream_of(old)) == stream_of(live)


# ── parents and branches ─────────────────────────────────────────────────────────────────────


def test_the_newest_message_may_be_named_as_parent(talk: Talk) -> None:
    first = talk.answered()
    assert first.reply is not None
    assert talk.ask("And?", parent_id=first.reply.id).message.parent_id == first.reply.id


def test_an_older_parent_needs_a_branch(talk: Talk) -> None:
    first = talk.answered()
    talk.answered("And?")
    assert first.reply is not None
    with pytest.raises(StaleParent):
        talk.ask("Or?", parent_id=first.reply.id)
    assert talk.ask("Or?", parent_id=first.reply.id, branch=True).message.parent_id == first.reply.id


def test_a_branch_may_begin_at_the_very_beginning(talk: Talk) -> None:
    assert talk.answered(parent_id=BEGINNING).message.parent_id is None
    with pytest.raises(StaleParent):
        talk.ask("Anew", parent_id=BEGINNING)
    assert talk.ask("Anew", parent_id=BEGINNING, branch=True).message.parent_id is None


def test_a_parent_from_elsewhere_is_unknown(talk: Talk) -> None:
    elsewhere = talk.ask(conversation=talk.begin())
    for parent in (elsewhere.message.id, "nobody"):
        for branch in (False, True):
            with pytest.raises(UnknownParent):
                talk.ask("And?", parent_id=parent, branch=branch)


def test_a_live_answer_is_told_before_a_bad_parent(talk: Talk) -> None:
    talk.ask()
    with pytest.raises(AnswerInProgress):
        talk.ask("And?", parent_id="nobody")


# ── another answer ───────────────────────────────────────────────────────────────────────────


def test_regenerating_adds_a_sibling(talk: Talk) -> None:
    first = talk.answered("Why?", "Because.")
    assert first.reply is not None
    second = talk.regenerate(first.reply, model="m-3")
    assert second.reply is not None
    assert second.message.id == first.message.id
    assert second.reply.parent_id == first.reply.parent_id
    assert (second.reply.status, second.reply.model) == ("pending", "m-3")
    assert talk.read(conversations.get, talk.cid).updated_at == talk.now


def test_only_an_answer_of_this_conversation_can_be_regenerated(talk: Talk) -> None:
    first = talk.answered()
    elsewhere = talk.answered(conversation=talk.begin())
    assert first.reply is not None
    assert elsewhere.reply is not None
    for wrong in (first.message, elsewhere.reply):
        with pytest.raises(UnknownAnswer):
            talk.regenerate(wrong)


def test_a_live_answer_refuses_regeneration(talk: Talk) -> None:
    live = talk.ask()
    assert live.reply is not None
    with pytest.raises(AnswerInProgress):
        talk.regenerate(live.reply)
