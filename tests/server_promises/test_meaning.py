"""Passages get their vectors whatever dies meanwhile; an embeddings' server that is ill breaks no answer."""

import sqlite3
from contextlib import closing
from itertools import count
from typing import Any

import pytest

from tests.conftest import ServerFactory
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.server import RealServer
from tests.server_promises.waiting import until
from tests.upstream import Upstream

LEASE = "# Ending\n\nEither party may end this lease by giving a written notice of thirty days.\n"
LONG = "".join(f"# Part {number}\n\nIn part {number} the river rose.\n\n" for number in range(300))


def start(server_factory: ServerFactory, upstream: Upstream, model: str, **more: str) -> RealServer:
    return server_factory(CHAT_EMBEDDING_MODEL=model, EMBEDDING_BASE_URL=upstream.url, **more)


def add(person: Person, text: str) -> str:
    answer = person.call("POST", "/api/documents", params={"name": "a.md"}, data=text.encode())
    assert answer.status_code == 201, answer.text
    added = str(answer.json()["id"])
    until(lambda: state(person, added)["status"] == "ready")
    return added


def state(person: Person, document_id: str) -> dict[str, Any]:
    found: dict[str, Any] = person.get(f"/api/documents/{document_id}")
    return found


def asked_for(upstream: Upstream) -> list[str]:
    return [text for asked in upstream.embedded for text in asked["input"] if text.startswith("Part")]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_begun_when_the_server_was_killed_is_gone_on_with(
    database: str, request: pytest.FixtureRequest, server_factory: ServerFactory, upstream: Upstream
) -> None:
    more = {"DATABASE_URL": request.getfixturevalue("postgres_url")} if database != "sqlite" else {}
    server = start(server_factory, upstream, "words;wait_s=0.3", **more)
    person = Person.sign_in(server.url)
    add(person, LONG)
    until(lambda: len(asked_for(upstream)) >= 128)
    server.kill()
    server.start()
    until(lambda: len(set(asked_for(upstream))) == 300)
    assert len(asked_for(upstream)) < 2 * 300  # what was stored is not asked for again


ILL = ("words;silent=1", "words;dripping=1", "nan", "page", "words;statuses=500,500")


def test_an_embeddings_server_that_is_ill_breaks_no_answer(
    server_factory: ServerFactory, upstream: Upstream
) -> None:
    server = start(server_factory, upstream, "words", CHAT_EMBEDDING_S="1")
    person = Person.sign_in(server.url)
    add(person, LEASE)
    with closing(sqlite3.connect(server.folder / "headwater.sqlite3")) as file:
        until(lambda: file.execute("SELECT 1 FROM vectors").fetchone())
    numbers = count()

    def is_asked() -> bool:
        """Ask something new, which is answered in any case; say whether the embeddings' server was asked."""
        before = len(upstream.embedded)
        asked = person.ask(f"With what notice may a party end the lease, question {next(numbers)}?")
        frames = list(person.drive_events(asked.stream_id))
        assert frames[-1].data["status"] == "done"
        assert "thirty days" in person.state(asked.stream_id)["text"]
        return len(upstream.embedded) > before

    for ill in ILL:
        for embeds_as in (ill, "words"):  # and it is well again
            upstream.embeds_as = embeds_as
            until(is_asked, 3 * PATIENCE_S, every=1)  # not for a while if it failed twice, and late is failed
    assert {asked["model"] for asked in upstream.embedded} == {"words", *ILL}
