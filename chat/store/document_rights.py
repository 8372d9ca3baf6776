"""Whose documents are they? The conditions, over `documents`, of what somebody may open, change and draw on.

They go into whatever statement looks documents up, so that nothing is found first and forbidden afterwards.
"""

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select

from chat.core.documents.status import DocumentStatus
from chat.store.document_moves import AT_ONCE
from chat.store.document_tables import documents
from chat.store.tables import conversations, members

HERE = documents.c.discarded_at.is_(None)
DISCARDED = documents.c.discarded_at > AT_ONCE  # and not yet for good
LIBRARY = ""  # instead of a conversation's id: the person's library by itself
Id = str | ColumnElement[str]  # or a parameter, in a statement that is written once and asked often


def searched(person_id: Id, conversation_id: Id) -> ColumnElement[bool]:
    """Say what an answer in this conversation, asked for by this person, may draw on.

    That is the conversation's documents, and the person's library where they own the conversation and it
    draws on that: a guest's library never shows in somebody else's. Nothing, for who may not read it.
    Where the conversation is LIBRARY, it is their library.
    """
    return and_(documents.c.status == DocumentStatus.READY, _drawn_on(person_id, conversation_id))


def unread(person_id: Id, conversation_id: Id) -> ColumnElement[bool]:
    """Say what such an answer cannot look at yet, and will: the same, while it waits or is being read.

    What is still arriving is none of it: nobody knows whether it will ever be whole.
    """
    on_its_way = documents.c.status.in_((DocumentStatus.WAITING, DocumentStatus.READING))
    return and_(on_its_way, _drawn_on(person_id, conversation_id))


def _drawn_on(person_id: Id, conversation_id: Id) -> ColumnElement[bool]:
    this = and_(conversations.c.id == conversation_id, conversations.c.discarded_at.is_(None))
    is_member = members.c.conversation_id == conversation_id, members.c.person_id == person_id
    joined = select(members.c.person_id).where(*is_member).correlate(None).exists()
    # Neither looks at a document's row: a database asks each of them once, whatever it then finds.
    theirs = exists().where(this, or_(conversations.c.owner_id == person_id, joined)).correlate(None)
    with_library = (
        exists()
        .where(this, conversations.c.owner_id == person_id, conversations.c.library == 1)
        .correlate(None)
    )
    by_itself = literal(LIBRARY) == conversation_id
    of_conversation = and_(documents.c.conversation_id == conversation_id, theirs)
    return and_(HERE, or_(of_conversation, and_(_of_library(person_id), or_(by_itself, with_library))))


def readable(person_id: str) -> ColumnElement[bool]:
    """Say which documents a person may open: their library's, and those of conversations they may read.

    Who has no more than a link to a conversation is nobody here. Documents count however far they are read.
    """
    return and_(HERE, or_(_of_library(person_id), _of_a_conversation(_owns(person_id) | _joined(person_id))))


def changeable(person_id: str) -> ColumnElement[bool]:
    """Say which documents a person may rename and delete: their own, and those of conversations they own."""
    return and_(HERE, _theirs(person_id))


def restorable(person_id: str) -> ColumnElement[bool]:
    """Say which documents that were deleted a person may bring back: those that they could delete now."""
    return and_(DISCARDED, _theirs(person_id))


def _theirs(person_id: str) -> ColumnElement[bool]:
    added = and_(documents.c.owner_id == person_id, _of_a_conversation(_joined(person_id)))
    return or_(_of_library(person_id), _of_a_conversation(_owns(person_id)), added)


def _of_library(person_id: Id) -> ColumnElement[bool]:
    return and_(documents.c.conversation_id.is_(None), documents.c.owner_id == person_id)


def _of_a_conversation(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    this = and_(conversations.c.id == documents.c.conversation_id, conversations.c.discarded_at.is_(None))
    return exists().where(this, condition).correlate(documents)


def _owns(person_id: str) -> ColumnElement[bool]:
    return conversations.c.owner_id == person_id


def _joined(person_id: str) -> ColumnElement[bool]:
    mine = and_(members.c.conversation_id == conversations.c.id, members.c.person_id == person_id)
    return exists().where(mine).correlate(conversations)
