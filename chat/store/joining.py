"""Two people who are one: what somebody wrote before they logged in becomes their account's, at once."""

from sqlalchemy import Column, ColumnElement, and_, delete, exists, or_, select, update

from chat.store import accounts, document_moves, people, search
from chat.store.tables import conversations, ledger, members, messages, streams
from chat.store.transaction import Transaction
from chat.store.upsert import upsert

SUMS = [column.name for column in ledger.c if not column.primary_key]


def join(tx: Transaction, leaving_id: str, into_id: str) -> bool:
    """Move everything of a person without an account to another, and sign the first one out everywhere.

    False when there was nothing to move: nobody is stored there, or they have an account and stay themselves.
    What they wrote in others' conversations moves where they are a member.
    """
    if leaving_id == into_id or people.get(tx.conn, leaving_id) is None:
        return False
    _hold_conversations(tx, leaving_id)
    for person_id in sorted((leaving_id, into_id)):  # one order, so that two who log in cross nobody
        people.hold(tx, person_id)
    if accounts.of_person(tx.conn, leaving_id) is not None:
        return False
    owned = select(conversations.c.id).where(conversations.c.owner_id == leaving_id)
    moving = list(tx.conn.execute(owned).scalars())
    _move_messages(tx, leaving_id, into_id)
    _move_memberships(tx, leaving_id, into_id)
    _move(tx, conversations.c.owner_id, leaving_id, into_id)
    search.index_later(tx, moving)
    document_moves.move(tx, leaving_id, into_id)
    _move(tx, streams.c.created_by, leaving_id, into_id)
    _move_usage(tx, leaving_id, into_id)
    people.sign_out_everywhere(tx, leaving_id)  # its cookie, in another tab, must not gather anything more
    tx.ring(f"person:{into_id}")
    return True


def _hold_conversations(tx: Transaction, person_id: str) -> None:
    """Hold what somebody owns and reads, in one order, before any person is held: who asks does likewise."""
    joined = select(members.c.conversation_id).where(members.c.person_id == person_id)
    theirs = or_(conversations.c.owner_id == person_id, conversations.c.id.in_(joined))
    found = select(conversations.c.seq).where(theirs).order_by(conversations.c.seq)
    tx.execute(found.with_for_update(key_share=True))


def _move(tx: Transaction, column: Column[str], leaving_id: str, into_id: str) -> None:
    tx.execute(update(column.table).where(column == leaving_id).values({column.name: into_id}))


def _move_messages(tx: Transaction, leaving_id: str, into_id: str) -> None:
    """Change who wrote and who asked, where they own or joined: no index finds messages by author alone."""
    owned = select(conversations.c.id).where(conversations.c.owner_id == leaving_id)
    joined = select(members.c.conversation_id).where(members.c.person_id == leaving_id)
    here = messages.c.conversation_id.in_(owned.union(joined))
    _forget_doubled_client_ids(tx, here, leaving_id, into_id)
    for column in (messages.c.author_id, messages.c.asked_by):
        mine = and_(here, column == leaving_id)
        tx.execute(update(messages).where(mine).values({column.name: into_id}))


def _forget_doubled_client_ids(
    tx: Transaction, here: ColumnElement[bool], leaving_id: str, into_id: str
) -> None:
    """Where both sent something under one `client_id`, the one that moves loses it: it is sent, for good."""
    theirs = messages.alias()
    doubled = exists().where(
        theirs.c.conversation_id == messages.c.conversation_id,
        theirs.c.author_id == into_id,
        theirs.c.client_id == messages.c.client_id,
    )
    tx.execute(
        update(messages).where(here, messages.c.author_id == leaving_id, doubled).values(client_id=None)
    )


def _move_memberships(tx: Transaction, leaving_id: str, into_id: str) -> None:
    """Move what they were invited to; of two memberships the stronger stays, and owners are no members."""
    mine, theirs = members.c.person_id == leaving_id, members.c.person_id == into_id
    both = select(members.c.conversation_id).where(theirs).scalar_subquery()
    drives = select(members.c.conversation_id).where(mine, members.c.role == "co-driver").scalar_subquery()
    tx.execute(update(members).where(theirs, members.c.conversation_id.in_(drives)).values(role="co-driver"))
    tx.execute(delete(members).where(mine, members.c.conversation_id.in_(both)))
    _move(tx, members.c.person_id, leaving_id, into_id)
    either = or_(conversations.c.owner_id == into_id, conversations.c.owner_id == leaving_id)
    owned = select(conversations.c.id).where(either).scalar_subquery()
    tx.execute(delete(members).where(theirs, members.c.conversation_id.in_(owned)))


def _move_usage(tx: Transaction, leaving_id: str, into_id: str) -> None:
    """Add up what both used: a budget is not doubled by logging in."""
    mine = ledger.c.person_id == leaving_id
    for row in tx.conn.execute(select(ledger).where(mine)).mappings().all():
        upsert(tx, ledger, {**row, "person_id": into_id}, adding=SUMS)
    tx.execute(delete(ledger).where(mine))
