"""The one read-only link of a conversation: unguessable, replaceable, revocable, kept as a hash."""

import pytest

from chat.store import conversations, shares
from chat.store.tables import shares as table
from tests.store.talk import Talk


def opened(talk: Talk, token: str) -> str | None:
    """Say which conversation a token opens now."""
    link = talk.read(shares.opened_by, token, talk.now)
    return link.conversation_id if link else None


def test_a_token_opens_its_conversation_and_nothing_else_does(talk: Talk) -> None:
    other = talk.begin()
    token = talk.write(shares.create, talk.cid, talk.now)
    assert opened(talk, token) == talk.cid
    assert talk.read(shares.link_of, talk.cid, talk.now) is not None
    assert talk.read(shares.link_of, other.id, talk.now) is None
    for wrong in ("", token + "A", token[:-1], "\ud800", "x" * 100_000):
        assert opened(talk, wrong) is None


def test_a_token_is_long_and_never_the_same(talk: Talk) -> None:
    tokens = {talk.write(shares.create, talk.cid, talk.now) for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 32 for token in tokens)


def test_a_new_link_replaces_the_old_one(talk: Talk) -> None:
    old = talk.write(shares.create, talk.cid, talk.now)
    new = talk.write(shares.create, talk.cid, talk.now)
    assert talk.rung[-1] == {f"access:{talk.cid}"}
    assert opened(talk, old) is None
    assert opened(talk, new) == talk.cid


def test_a_revoked_link_opens_nothing_and_its_readers_are_woken(talk: Talk) -> None:
    token = talk.write(shares.create, talk.cid, talk.now)
    assert talk.write(shares.revoke, talk.cid)
    assert talk.rung[-1] == {f"access:{talk.cid}"}
    assert opened(talk, token) is None
    assert not talk.write(shares.revoke, talk.cid)


def test_the_table_holds_no_token(talk: Talk) -> None:
    token = talk.write(shares.create, talk.cid, talk.now)
    row = talk.read(lambda conn: conn.execute(table.select()).one())
    assert token not in map(str, row)
    assert len(row.token_hash) == 64


def test_a_deleted_conversation_cannot_be_shared(talk: Talk) -> None:
    talk.write(conversations.delete, talk.streams, talk.cid)
    with pytest.raises(conversations.ConversationGone):
        talk.write(shares.create, talk.cid, talk.now)


def test_a_link_opens_nothing_once_its_time_is_over(talk: Talk) -> None:
    token = talk.write(shares.create, talk.cid, talk.now, talk.now + 60)
    assert talk.read(shares.opened_by, token, talk.now).expires_at == talk.now + 60
    talk.now += 59
    assert opened(talk, token) == talk.cid
    talk.now += 1
    assert opened(talk, token) is None
    assert talk.read(shares.link_of, talk.cid, talk.now) is None, "nor is it shown as one"
