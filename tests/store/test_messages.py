"""Messages as readers find them: the line, its pages, the text so far, what changed and what is gone."""

import pytest

from chat.core.lifecycle import Status
from chat.store import conversations, messages
from chat.store.message_rows import Message
from chat.store.paging import BadPage
from chat.store.streams import Batch
from tests.store.talk import ADA, Talk, stream_of


def ids(found: list[Message]) -> list[str]:
    return [message.id for message in found]


# ── the text so far ──────────────────────────────────────────────────────────────────────────


def test_the_text_of_a_live_answer_is_what_is_stored(talk: Talk) -> None:
    asked = talk.ask("Why?")
    assert talk.texts() == ["Why?", ""]
    talk.stream(asked, "Because of ", "wáter. ", "水。")
    assert talk.texts() == ["Why?", "Because of wáter. 水。"]


def test_the_text_is_the_same_after_the_end(talk: Talk) -> None:
    asked = talk.ask("Why?")
    talk.end(asked, talk.stream(asked, "Because. "), Status.DONE, "Because. So.")
    assert talk.texts() == ["Why?", "Because. So."]


def test_a_continued_answer_holds_both_parts_once(talk: Talk) -> None:
    asked = talk.ask("Why?")
    talk.end(asked, talk.stream(asked, "Half "), Status.INTERRUPTED, "Half ")
    assert talk.texts() == ["Why?", "Half "]
    talk.stream(asked, "and half.", resume=True)
    assert talk.texts() == ["Why?", "Half and half."]


# ── the stream's status is the message's ─────────────────────────────────────────────────────


def test_each_change_of_the_stream_is_one_of_the_message(talk: Talk) -> None:
    asked = talk.ask()
    assert asked.reply is not None
    epoch = talk.stream(asked)
    streaming = talk.read(messages.get, asked.reply.id)
    assert (streaming.status, streaming.revision) == ("streaming", 3)
    assert talk.rung[-1] == {f"stream:{stream_of(asked)}", f"conversation:{talk.cid}", f"person:{ADA.id}"}

    usage = {"input_tokens": 3, "output_tokens": 5, "estimated": False}
    talk.end(asked, epoch, Status.DONE, "A log.", usage=usage, finish_reason="length")
    done = talk.read(messages.get, asked.reply.id)
    assert (done.status, done.usage, done.finish_reason, done.error) == ("done", usage, "length", None)
    assert done.revision == talk.read(conversations.get, talk.cid).revision == 4


def test_an_error_is_the_messages_too_until_it_is_claimed_again(talk: Talk) -> None:
    asked = talk.ask()
    error = {"code": "truncated", "message": "It broke off."}
    talk.end(asked, talk.stream(asked), Status.INTERRUPTED, "Half", error=error)
    reply = talk.read(messages.by_stream, stream_of(asked))
    assert (reply.status, reply.error) == ("interrupted", error)
    talk.stream(asked, resume=True)
    reply = talk.read(messages.by_stream, stream_of(asked))
    assert (reply.status, reply.error) == ("streaming", None)


def test_a_stream_without_a_message_changes_no_conversation(talk: Talk) -> None:
    talk.write(talk.streams.create, "alone", chunk_by="word")
    talk.streams.claim("alone", {Status.PENDING})
    assert talk.rung[-1] == {"stream:alone"}
    assert talk.read(messages.by_stream, "alone") is None
    assert talk.read(messages.live_beside, "alone") is None
    assert not talk.write(messages.remove_answer, talk.streams, "alone")
    assert talk.streams.state("alone") is not None


# ── the line to the newest message ───────────────────────────────────────────────────────────


def test_the_path_ends_with_the_newest_message(talk: Talk) -> None:
    first = talk.answered("One?", "One.")
    talk.answered("Two?", "Two.")
    assert first.reply is not None
    talk.answered("Or?", "Or.", parent_id=first.reply.id, branch=True)
    assert talk.texts() == ["One?", "One.", "Or?", "Or."]
    assert talk.texts(messages.everything) == ["One?", "One.", "Two?", "Two.", "Or?", "Or."]


def test_a_regenerated_answer_takes_the_place_of_the_old_one(talk: Talk) -> None:
    first = talk.answered("Why?", "Because.")
    assert first.reply is not None
    again = talk.regenerate(first.reply)
    talk.end(again, talk.stream(again), Status.DONE, "Why not.")
    assert talk.texts() == ["Why?", "Why not."]


def test_the_history_of_an_answer_is_the_line_to_its_question(talk: Talk) -> None:
    first = talk.answered("One?", "One.")
    second = talk.answered("Two?", "Two.")
    assert first.reply is not None
    other = talk.answered("Or?", "Or.", parent_id=first.reply.id, branch=True)
    for asked, texts in ((second, ["One?", "One.", "Two?"]), (other, ["One?", "One.", "Or?"])):
        assert asked.reply is not None
        assert [message.text for message in talk.read(messages.history, asked.reply)] == texts
    assert talk.read(messages.history, first.message) == []


def test_an_empty_conversation_has_no_messages(talk: Talk) -> None:
    assert talk.read(messages.path, talk.cid) == []
    assert talk.read(messages.page, talk.cid) == ([], None)
    assert talk.read(messages.newest, talk.cid) == []


def test_a_long_line_is_read_whole(talk: Talk) -> None:
    for number in range(60):
        talk.answered(f"{number}?", f"{number}.")
    assert len(talk.texts()) == 120
    newest = talk.read(messages.newest, talk.cid, 50)
    assert ids(newest) == ids(talk.read(messages.path, talk.cid))[-50:]


# ── pages ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def branched(talk: Talk) -> Talk:
    """Nine messages, eight of them on the line to the newest."""
    first = talk.answered("1", "2")
    assert first.reply is not None
    again = talk.regenerate(first.reply)
    talk.end(again, talk.stream(again), Status.DONE, "2b")
    for question, answer in (("3", "4"), ("5", "6"), ("7", "8")):
        talk.answered(question, answer)
    return talk


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 8, 9, 200])
@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("direction", ["after", "before"])
def test_pages_join_to_the_whole(branched: Talk, limit: int, everything: bool, direction: str) -> None:
    whole, _ = branched.read(messages.page, branched.cid, limit=200, all=everything)
    assert len(whole) == (9 if everything else 8)
    joined: list[Message] = []
    place: str | None = None
    if direction == "before":  # from the last message on backwards, and that one besides
        joined, place = whole[-1:], whole[-1].id
    while True:
        where = {direction: place} if place else {}
        items, place = branched.read(messages.page, branched.cid, limit=limit, all=everything, **where)
        assert len(items) <= limit
        assert ids(items) == ids(sorted(items, key=lambda message: message.seq)), "oldest first"
        joined = items + joined if direction == "before" else joined + items
        if place is None:
            break
    assert ids(joined) == ids(whole)


def test_a_page_goes_on_though_its_last_message_was_removed(talk: Talk) -> None:
    asked = talk.answered("1", "2")
    talk.answered("3", "4")
    _, place = talk.read(messages.page, talk.cid, limit=2)
    talk.remove(asked)
    items, _ = talk.read(messages.page, talk.cid, limit=2, after=place)
    assert [message.text for message in items] == ["3", "4"]


def test_a_bad_place_or_limit_is_refused(talk: Talk) -> None:
    elsewhere = talk.ask(conversation=talk.begin()).message.id
    asked = talk.ask().message.id
    for where in (
        {"limit": 0}, {"limit": 201}, {"after": ""}, {"after": "nobody"}, {"before": elsewhere},
        {"after": asked, "before": asked},
    ):  # fmt: skip
        with pytest.raises(BadPage):
            talk.read(messages.page, talk.cid, **where)


# ── what changed ─────────────────────────────────────────────────────────────────────────────


def test_from_each_revision_one_reaches_the_present(talk: Talk) -> None:
    """Whoever has the state of any revision and adds what changed since has the present state."""
    states = []

    def note() -> None:
        states.append(present(talk))

    note()
    asked = talk.ask("1")
    note()
    epoch = talk.stream(asked)
    note()
    talk.end(asked, epoch, Status.DONE, "2")
    note()
    later = talk.answered("3", "4")
    note()
    talk.write(conversations.change, talk.cid, {"title": "Counting"})
    note()
    talk.remove(asked)
    note()
    talk.answered("5", "6")
    now = present(talk)

    for revision, conversation, held in states:
        changes = talk.read(messages.changes, talk.cid, revision)
        for message_id in changes.deleted:
            held.pop(message_id, None)
        held |= {message.id: message for message in changes.messages}
        assert changes.revision == now[0]
        assert ids(changes.messages) == ids(sorted(changes.messages, key=lambda message: message.seq))
        title = (changes.conversation or conversation).title
        assert (title, held) == (now[1].title, now[2])
    assert later.message.id in now[2]


def present(talk: Talk) -> tuple[int, conversations.Conversation, dict[str, Message]]:
    conversation = talk.read(conversations.get, talk.cid)
    whole = talk.read(messages.everything, talk.cid)
    return conversation.revision, conversation, {message.id: message for message in whole}


def test_from_the_present_nothing_changed(talk: Talk) -> None:
    talk.answered()
    revision = talk.read(conversations.get, talk.cid).revision
    changes = talk.read(messages.changes, talk.cid, revision)
    assert (changes.conversation, changes.messages, changes.deleted) == (None, [], [])


def test_chunks_are_no_change(talk: Talk) -> None:
    asked = talk.ask()
    epoch = talk.stream(asked)
    before = talk.read(conversations.get, talk.cid).revision
    assert talk.streams.append([Batch(stream_of(asked), epoch, 0, "It grows.")]) == set()
    assert talk.read(conversations.get, talk.cid).revision == before
    assert talk.rung[-1] == {f"stream:{stream_of(asked)}"}


def test_a_deleted_conversation_has_no_changes(talk: Talk) -> None:
    talk.write(conversations.delete, talk.streams, talk.cid)
    assert talk.read(messages.changes, talk.cid, 0) is None


# ── removal ──────────────────────────────────────────────────────────────────────────────────


def test_what_followed_a_removed_answer_moves_up(talk: Talk) -> None:
    first = talk.answered("1", "2")
    second = talk.answered("3", "4")
    talk.remove(first)
    assert talk.texts() == ["1", "3", "4"]
    moved = talk.read(messages.get, second.message.id)
    assert moved.parent_id == first.message.id
    assert moved.revision == talk.read(conversations.get, talk.cid).revision
    assert talk.streams.state(stream_of(first)) is None


def test_a_removed_live_answer_lets_the_next_question_in(talk: Talk) -> None:
    live = talk.ask("1")
    talk.stream(live, "2")
    talk.remove(live)
    assert talk.ask("3").message.parent_id == live.message.id
