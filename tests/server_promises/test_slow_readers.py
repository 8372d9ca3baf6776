"""A reader that takes nothing delays nobody, and is let go at the limit."""

import json

import gevent

from tests.conftest import ServerFactory
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.reading import RawResponse
from tests.scripted import Script, answer_of, read_script
from tests.server_promises.test_leaving import held_by
from tests.server_promises.waiting import until, until_status
from tests.upstream import Upstream

LIMIT_S = 12  # who reads needs a moment: far less, on any machine
BIG = 7 << 20  # bytes: more than a kernel takes for one connection
PIECE = "x" * 32_000
MODEL = "others;tokens=200"


def big_answer() -> Script:
    """An answer that no kernel can swallow whole."""
    event = "data: " + json.dumps({"choices": [{"delta": {"content": PIECE}}]}) + "\n\n"
    return Script(raw=event * (BIG // len(PIECE)) + "data: [DONE]\n\n")


def test_a_stalled_reader_delays_nobody_and_is_let_go(
    server_factory: ServerFactory, upstream: Upstream
) -> None:
    server = server_factory(
        OPENAI_BASE_URL=upstream.url,
        OPENAI_API_KEY="scripted",
        CHAT_STALLED_CLIENT_S=str(LIMIT_S),
        CHAT_ANSWER_BYTES="0",
    )
    upstream.scripts["big"] = big_answer()
    person = Person.sign_in(server.url)
    big = person.ask(model="big")
    stalled = [_stall(person, f"/api/streams/{big.stream_id}", "POST")]
    until_status(person, big.stream_id, "done", every=1)
    upstream.hold(60, MODEL)
    others = [person.ask(model=MODEL) for _ in range(5)]
    readers = [gevent.spawn(lambda one=one: person.drive(one.stream_id).read_all()) for one in others]
    until(lambda: upstream.count(MODEL) == len(others))
    stalled += [_stall(person, f"/api/streams/{big.stream_id}/events", "GET") for _ in range(9)]
    ports = {one.socket.getsockname()[1] for one in stalled}
    upstream.let_go(MODEL)  # from here on they have as long as the last of those is let stall
    gevent.joinall(readers, timeout=PATIENCE_S, raise_error=True)
    assert {reader.value.decode() for reader in readers} == {answer_of(read_script(MODEL))}
    assert held_by(server) & ports, "the others waited for them"

    until(lambda: not held_by(server) & ports)
    for one in stalled:
        assert len(one.read_all()) < BIG
        assert not one.complete


def _stall(person: Person, path: str, method: str) -> RawResponse:
    """Open a line and take nothing from it but the headers."""
    return person.open(path, method=method, receive_buffer=4096)
