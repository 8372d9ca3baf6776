"""What an admin is shown, asked of both databases: people, their usage, what is being written."""

import pytest

from chat.core.lifecycle import Status
from chat.store import ledger, oversight, people
from chat.store.ledger import Usage
from chat.store.oversight import ON_A_PAGE, Someone
from chat.store.people import Person
from chat.store.streams import Batch
from chat.store.tables import accounts
from chat.store.tables import messages as message_rows
from tests.store.talk import ADA, BEN, Talk, stream_of

COUNTED = {"input_tokens": 100, "output_tokens": 20}


def only(talk: Talk, words: str) -> list[str]:
    found, _ = talk.read(oversight.people_page, talk.now, words)
    return [one.name for one in found]


def ada(talk: Talk) -> Someone:
    found: Someone = talk.read(oversight.someone, ADA.id, talk.now)
    return found


def test_people_are_found_by_a_part_of_name_or_login(talk: Talk) -> None:
    talk.write(people.ensure, BEN, 5.0)
    talk.write(people.ensure, Person("odd", "100% Per_cent"), 6.0)
    row = {"person_id": BEN.id, "login": "benjamin@example.org", "created_at": 5.0}
    talk.write(lambda tx: tx.execute(accounts.insert().values(row)))
    assert only(talk, "") == ["Ada", "100% Per_cent", "Ben"]  # the newest first
    assert only(talk, "AMIN@ex") == ["Ben"]
    assert only(talk, "aD") == ["Ada"]
    assert only(talk, "%") == only(talk, "r_c") == ["100% Per_cent"]
    assert only(talk, "\\") == []


def test_people_come_in_pages(talk: Talk) -> None:
    for number in range(ON_A_PAGE + 5):
        talk.write(people.ensure, Person(f"p{number:03}", "One of many"), 7.0)  # at the same instant
    pages = [talk.read(oversight.people_page, talk.now, "many", page) for page in (1, 2, 3)]
    assert [(len(found), more) for found, more in pages] == [(ON_A_PAGE, True), (5, False), (0, False)]
    assert len({one.id for found, _ in pages for one in found}) == ON_A_PAGE + 5


def test_usage_of_today_and_the_month_stands_beside_each(talk: Talk) -> None:
    now = talk.now
    for days_ago, answers in ((0, 2), (29, 1), (30, 1)):
        day = ledger.day_of(now - days_ago * ledger.DAY_S)
        for _ in range(answers):
            talk.write(ledger.add, ADA.id, day, "river", COUNTED, 0.5)
    found = ada(talk)
    assert (found.today, found.month) == (Usage(2, 200, 40, 1.0, 0), Usage(3, 300, 60, 1.5, 0))


def test_limits_are_set_and_taken_back(talk: Talk) -> None:
    assert talk.write(oversight.allow, ADA.id, 10**15, 0.5, 0)
    assert (ada(talk).daily_tokens, ada(talk).daily_cost, ada(talk).live_answers) == (10**15, 0.5, 0)
    assert talk.write(oversight.allow, ADA.id, None, None, None)
    assert (ada(talk).daily_tokens, ada(talk).daily_cost, ada(talk).live_answers) == (None, None, None)
    assert not talk.write(oversight.allow, "nobody", 1, 1.0, 1)


def test_shutting_out_rings_the_lines_of_that_person(talk: Talk) -> None:
    assert people.topic_of_standing(ADA.id) in talk.topics_of(oversight.disable, ADA.id, 9.0)
    assert ada(talk).disabled_at == 9.0
    assert talk.write(oversight.disable, ADA.id, None)
    assert ada(talk).disabled_at is None
    assert not talk.write(oversight.disable, "nobody", 1.0)


def test_what_is_being_written_says_whose_and_how_much(talk: Talk) -> None:
    asked = talk.ask(model="river", author=BEN)
    epoch = talk.stream(asked, "Flüsse ", "und Meere")
    request = {"prompt": "?", "model": "sea"}
    talk.write(
        lambda tx: talk.streams.create(tx, "alone", chunk_by="word", created_by=ADA.id, request=request)
    )
    talk.write(lambda tx: talk.streams.create(tx, "of a generator", chunk_by="word"))
    ended = talk.ask(conversation=talk.begin())
    talk.end(ended, talk.stream(ended), Status.DONE, "A log.")
    found = {one.stream_id: one for one in talk.read(oversight.underway)}
    assert found.keys() == {stream_of(asked), "alone", "of a generator"}
    first, alone = found[stream_of(asked)], found["alone"]
    assert (first.person_id, first.name, first.model, first.bytes) == (BEN.id, "Ben", "river", 17)
    assert (alone.person_id, alone.name, alone.model, alone.status) == (ADA.id, "Ada", "sea", Status.PENDING)
    assert found["of a generator"].person_id is None
    assert talk.read(oversight.streams_of, BEN.id) == [stream_of(asked)]
    assert talk.streams.append([Batch(stream_of(asked), epoch, 17, "\\ and a backslash")]) == set()
    assert {one.bytes for one in talk.read(oversight.underway) if one.person_id == BEN.id} == {34}


def test_what_an_answer_thinks_is_no_answer_of_its_own(talk: Talk) -> None:
    asked = talk.ask()
    talk.write(lambda tx: talk.streams.create(tx, "thoughts", chunk_by="word"))
    mine = message_rows.c.stream_id == stream_of(asked)
    talk.write(
        lambda tx: tx.execute(message_rows.update().where(mine).values(reasoning_stream_id="thoughts"))
    )
    assert [one.stream_id for one in talk.read(oversight.underway)] == [stream_of(asked)]


@pytest.mark.parametrize("words", ["x" * 10_000, "'; --", "ß", "İ"])
def test_odd_words_are_looked_for_like_any_others(talk: Talk, words: str) -> None:
    assert only(talk, words) == []


def test_who_is_not_there_is_not_found(talk: Talk) -> None:
    assert talk.read(oversight.someone, "nobody", talk.now) is None
