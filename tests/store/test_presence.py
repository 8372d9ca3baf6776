"""Who looks at what, as processes tell each other: only what is renewed counts."""

from chat.core.lifecycle import Status
from chat.store import members, presence
from tests.store.talk import ADA, BEN, Talk

ONE = {"people": {"ada": ["Ada", False]}, "links": 0}
TWO = {"people": {"ada": ["Ada", True], "ben": ["Ben", False]}, "links": 3}


def told(talk: Talk, reader: str = "mine", conversation_id: str | None = None) -> list[presence.Lines]:
    rows = talk.read(presence.elsewhere, conversation_id or talk.cid, reader, talk.now)
    return [row.lines for row in rows]


def test_a_process_reads_what_the_others_say_and_not_its_own(talk: Talk) -> None:
    talk.write(presence.write, "mine", {talk.cid: ONE}, talk.now + 45)
    talk.write(presence.write, "other", {talk.cid: TWO, "elsewhere": ONE}, talk.now + 45)
    assert talk.rung[-1] == {f"presence:{talk.cid}", "presence:elsewhere"}
    assert told(talk) == [TWO]
    assert told(talk, "other") == [ONE]
    assert told(talk, "third") == [ONE, TWO]


def test_the_newest_word_of_a_process_replaces_its_last(talk: Talk) -> None:
    talk.write(presence.write, "other", {talk.cid: ONE}, talk.now + 45)
    talk.write(presence.write, "other", {talk.cid: TWO}, talk.now + 45)
    assert told(talk) == [TWO]
    assert talk.topics_of(presence.write, "other", {talk.cid: None}, talk.now) == {f"presence:{talk.cid}"}
    assert told(talk) == []


def test_what_is_not_renewed_counts_no_more_and_is_swept_in_the_end(talk: Talk) -> None:
    for process in ("dead", "living"):
        talk.write(presence.write, process, {talk.cid: ONE, "another": ONE}, talk.now + 45)
    talk.now += 30
    assert talk.write(presence.renew, "living", talk.now + 45, talk.now - 600) == 2
    talk.now += 15
    assert len(told(talk)) == 1, "the dead one's lease is over"
    talk.now += 700
    assert talk.write(presence.renew, "living", talk.now + 45, talk.now - 600) == 0, "it slept, and was swept"
    assert talk.read(lambda conn: conn.execute(presence.presence.select()).all()) == []


def test_the_cast_says_who_is_what_and_who_asked_the_answer_that_is_live(talk: Talk) -> None:
    _, token = talk.write(members.invite, talk.cid, "co-driver", talk.now)
    talk.write(members.accept, token, BEN, talk.now)
    assert talk.read(presence.cast_of, talk.cid) == presence.Cast(ADA.id, {BEN.id: "co-driver"}, None)
    asked = talk.ask(author=BEN)
    assert talk.read(presence.cast_of, talk.cid).asker_id == BEN.id
    talk.end(asked, talk.stream(asked), Status.DONE, "A log.")
    assert talk.read(presence.cast_of, talk.cid).asker_id is None
    assert talk.read(presence.cast_of, "nothing") == presence.Cast(None, {}, None)
