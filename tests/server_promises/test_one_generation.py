"""N starts of one stream run exactly one generation; the others follow it."""

import gevent

from tests.patience import PATIENCE_S
from tests.person import Person
from tests.reading import Copy
from tests.scripted import answer_of, read_script
from tests.server_promises.waiting import until_status
from tests.upstream import Upstream

MODEL = "once;tokens=200"
WHOLE = answer_of(read_script(MODEL)).encode()


def test_fifty_drives_at_once_ask_the_provider_once(person: Person, upstream: Upstream) -> None:
    upstream.hold(60, MODEL)  # until all of them have come
    asked = person.ask(model=MODEL)
    plain = [gevent.spawn(person.drive, asked.stream_id) for _ in range(25)]
    events = [gevent.spawn(person.drive_events, asked.stream_id) for _ in range(25)]
    gevent.joinall([*plain, *events], timeout=PATIENCE_S, raise_error=True)
    upstream.let_go(MODEL)
    assert {one.value.read_all() for one in plain} == {WHOLE}
    assert {Copy().follow(one.value).data for one in events} == {WHOLE}
    assert upstream.count(MODEL) == 1
    assert person.state(asked.stream_id)["epoch"] == 1


def test_a_drive_after_the_end_reads_and_asks_nobody(person: Person, upstream: Upstream) -> None:
    asked = person.ask(model=MODEL)
    assert person.drive(asked.stream_id).read_all() == WHOLE
    until_status(person, asked.stream_id, "done")
    assert person.drive(asked.stream_id).read_all() == WHOLE
    assert person.drive(asked.stream_id, resume=1).read_all() == WHOLE
    assert upstream.count(MODEL) == 1


def test_twenty_equal_sends_make_one_message_and_one_answer(person: Person, upstream: Upstream) -> None:
    conversation = person.converse()
    path = f"/api/conversations/{conversation}/messages"
    send = {"text": "Only once.", "client_id": "a retry", "model": MODEL}
    answers = gevent.joinall(
        [gevent.spawn(person.call, "POST", path, send) for _ in range(20)], timeout=PATIENCE_S
    )
    assert sorted(answer.value.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.value.json()["reply"]["stream_id"] for answer in answers}) == 1
    assert len(person.get(path)["items"]) == 2


def test_a_second_question_waits_until_the_answer_has_ended(person: Person, upstream: Upstream) -> None:
    upstream.hold(60, MODEL)  # in case the server starts it by itself before the second one comes
    asked = person.ask(model=MODEL)
    path = f"/api/conversations/{asked.conversation_id}/messages"
    refused = person.call("POST", path, {"text": "And now?"})
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "answer_in_progress"
    assert refused.json()["error"]["stream_id"] == asked.stream_id
    upstream.let_go(MODEL)
    person.drive(asked.stream_id).read_all()
    until_status(person, asked.stream_id, "done")
    assert person.call("POST", path, {"text": "And now?"}).status_code == 201
