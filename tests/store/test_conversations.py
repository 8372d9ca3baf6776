"""Conversations: made, listed, changed, deleted with everything that is theirs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from chat.core.lifecycle import Status
from chat.store import conversations, messages, shares
from chat.store.conversations import ConversationGone
from chat.store.paging import BadPage, mark
from chat.store.people import Person
from chat.store.previews import PREVIEW, previews
from chat.store.tables import chunks, deletions, streams
from chat.store.tables import conversations as conversations_table
from chat.store.tables import messages as messages_table
from chat.store.tables import shares as shares_table
from chat.store.transaction import Transaction
from tests.store.talk import ADA, BEN, Talk, count, stream_of


def test_a_new_one_is_what_was_asked_for(talk: Talk) -> None:
    made = talk.begin(title="Rivers", system="Be brief.", model="m-1")
    found = talk.read(conversations.get, made.id)
    assert found == made
    assert (found.title, found.system, found.model, found.owner_id) == ("Rivers", "Be brief.", "m-1", ADA.id)
    assert found.created_at == found.updated_at == talk.now


def test_an_unknown_one_is_none(talk: Talk) -> None:
    assert talk.read(conversations.get, "nobody") is None


# ── lists ────────────────────────────────────────────────────────────────────────────────────


def test_a_list_is_ones_own_newest_first(talk: Talk) -> None:
    later = talk.begin()
    talk.begin(owner=BEN)
    items, further = talk.read(conversations.page, ADA.id, 50)
    assert [item.id for item in items] == [later.id, talk.cid]
    assert further is None


def test_a_new_message_moves_its_conversation_to_the_top(talk: Talk) -> None:
    later = talk.begin()
    talk.ask()
    items, _ = talk.read(conversations.page, ADA.id, 50)
    assert [item.id for item in items] == [talk.cid, later.id]


def test_a_change_of_title_moves_nothing(talk: Talk) -> None:
    later = talk.begin()
    talk.write(conversations.change, talk.cid, {"title": "Old"})
    items, _ = talk.read(conversations.page, ADA.id, 50)
    assert [item.id for item in items] == [later.id, talk.cid]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_join_to_the_whole_list_even_at_one_instant(talk: Talk, limit: int) -> None:
    for at in (5.0, 5.0, 5.0, 6.25, 6.25, 4.1):
        talk.write(conversations.create, owner=ADA, now=at)
    whole, _ = talk.read(conversations.page, ADA.id, 200)
    pages, after = [], None
    while True:
        items, after = talk.read(conversations.page, ADA.id, limit, after)
        assert len(items) <= limit
        pages += items
        if after is None:
            break
    assert pages == whole
    assert len({item.id for item in pages}) == 7


def test_a_bad_place_or_limit_is_refused(talk: Talk) -> None:
    for limit, after in ((0, None), (201, None), (5, "nonsense"), (5, "WzFd")):
        with pytest.raises(BadPage):
            talk.read(conversations.page, ADA.id, limit, after)


def test_the_first_words_stand_in_for_a_title(talk: Talk) -> None:
    talk.answered("  Why do\n\nrivers   meander? " + "word " * 100, "Because.")
    talk.ask("And deltas?")
    empty = talk.begin()
    found = talk.read(previews, [talk.cid, empty.id])
    assert found.keys() == {talk.cid}
    assert found[talk.cid].startswith("Why do rivers meander? word")
    assert len(found[talk.cid]) <= PREVIEW


def test_the_demo_is_found_again(talk: Talk) -> None:
    assert talk.read(conversations.demo_of, ADA.id) is None
    demo = talk.begin(demo=True)
    assert talk.read(conversations.demo_of, ADA.id) == demo
    assert talk.read(conversations.demo_of, BEN.id) is None


# ── changes ──────────────────────────────────────────────────────────────────────────────────


def test_a_change_is_kept_counted_and_rung(talk: Talk) -> None:
    changed = talk.write(conversations.change, talk.cid, {"title": "Rivers", "model": None})
    assert (changed.title, changed.revision, changed.changed_at_revision) == ("Rivers", 2, 2)
    assert changed.updated_at == talk.conversation.updated_at
    assert talk.rung[-1] == {f"conversation:{talk.cid}", f"person:{ADA.id}"}


def test_a_change_of_nothing_is_none(talk: Talk) -> None:
    assert talk.write(conversations.change, talk.cid, {}) == talk.conversation


def test_only_three_fields_can_be_changed(talk: Talk) -> None:
    with pytest.raises(KeyError):
        talk.write(conversations.change, talk.cid, {"owner_id": "ben"})


@pytest.mark.parametrize("fields", [{}, {"title": "Late"}])
def test_a_deleted_one_cannot_be_changed(talk: Talk, fields: dict[str, str | None]) -> None:
    talk.write(conversations.delete, talk.streams, talk.cid)
    with pytest.raises(ConversationGone):
        talk.write(conversations.change, talk.cid, fields)


def test_a_page_begins_where_the_last_one_ended_and_not_at_the_newest(tmp_path: Path) -> None:
    said: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        said.append((statement, values))

    def look(conn: Connection) -> str:
        event.listen(conn, "before_cursor_execute", note)
        conversations.page(conn, ADA.id, after=mark(5.0, 7))
        statement, values = said[0]
        return str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())

    with Talk(f"sqlite:///{tmp_path}/talk.sqlite3") as talk:
        assert "(owner_id=? AND updated_at<?)" in talk.store.read(look)


# ── deletion ─────────────────────────────────────────────────────────────────────────────────


def test_nothing_of_a_deleted_one_is_left(talk: Talk) -> None:
    talk.answered()
    removed = talk.answered("And then?")
    talk.remove(removed)
    live = talk.ask("Still there?")
    talk.stream(live, "It comes. ", "And comes.")
    talk.write(shares.create, talk.cid, talk.now)
    talk.rung.clear()

    assert talk.write(conversations.delete, talk.streams, talk.cid)

    for table in (conversations_table, messages_table, deletions, shares_table, streams, chunks):
        assert talk.read(count, table) == 0, table.name
    assert {f"conversation:{talk.cid}", f"access:{talk.cid}", f"stream:{stream_of(live)}"} <= talk.rung[-1]


def test_a_long_one_is_deleted_in_as_many_statements_as_a_short_one(talk: Talk) -> None:
    asked = []
    for many in (1, 4):
        talk.conversation = talk.begin()
        for _ in range(many):
            talk.answered()
        asked.append(talk.write(lambda tx: statements_of(tx, lambda: delete_here(tx, talk))))
    assert asked[0] == asked[1], "whoever else writes waits for each of them"
    assert talk.read(count, streams) == 0


def delete_here(tx: Transaction, talk: Talk) -> None:
    assert conversations.delete(tx, talk.streams, talk.cid)


def statements_of(tx: Transaction, what: Callable[[], None]) -> int:
    said: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(tx.conn, "before_cursor_execute", note)
    what()
    event.remove(tx.conn, "before_cursor_execute", note)
    return len(said)


def test_the_writer_of_a_deleted_answer_is_fenced_off(talk: Talk) -> None:
    live = talk.ask()
    epoch = talk.stream(live, "Half")
    talk.write(conversations.delete, talk.streams, talk.cid)
    assert not talk.streams.close(stream_of(live), epoch, Status.DONE, text="Half an answer")
    assert talk.read(count, chunks) == 0


def test_others_keep_what_is_theirs(talk: Talk) -> None:
    other = talk.begin(owner=Person("ben", "Ben"))
    asked = talk.ask(conversation=other, author=BEN)
    talk.write(conversations.delete, talk.streams, talk.cid)
    assert len(talk.read(messages.path, other.id)) == 2
    assert talk.streams.state(stream_of(asked)) is not None


def test_deleting_twice_says_so(talk: Talk) -> None:
    assert talk.write(conversations.delete, talk.streams, talk.cid)
    assert not talk.write(conversations.delete, talk.streams, talk.cid)
