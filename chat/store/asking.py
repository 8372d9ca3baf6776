"""Asking: a question and its answer enter a conversation together, once, and one answer at a time."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, insert, select
from sqlalchemy.exc import IntegrityError

from chat.core.lifecycle import Status
from chat.store import conversations, people, search
from chat.store.conversations import Conversation, ConversationGone
from chat.store.message_rows import Message, fetch, fetch_one, is_newest, live_stream, seq_of_message
from chat.store.people import Person
from chat.store.streams import Streams
from chat.store.tables import messages
from chat.store.transaction import Transaction

Admit = Callable[[Transaction, str], None]  # (transaction, person): raises when they may not ask now
BEGINNING = ""  # the parent of a question that begins the conversation anew


class AnswerInProgress(Exception):
    """An answer is live in this conversation; `stream_id` says which."""

    def __init__(self, stream_id: str) -> None:
        super().__init__(stream_id)
        self.stream_id = stream_id


class ClientIdReused(Exception):
    """The same person used this client_id before, for another text."""


class StaleParent(Exception):
    """The parent is not the newest message any more, and no branch was asked for."""


class UnknownParent(Exception):
    """The parent is no message of this conversation."""


class UnknownAnswer(LookupError):
    """There is no such answer in this conversation."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its answer; `reply` is None only when a repeated question's answer was deleted."""

    message: Message
    reply: Message | None
    created: bool  # False: it had been asked before, this is what became of it


def ask(
    tx: Transaction,
    streams: Streams,
    *,
    conversation: Conversation,
    author: Person,
    text: str,
    client_id: str | None = None,
    parent_id: str | None = None,
    branch: bool = False,
    model: str | None = None,
    chunk_by: str,
    now: float,
    admit: Admit = lambda tx, person_id: None,
) -> Asked:
    """Add a question and its pending answer. Asking the same again with its `client_id` changes nothing.

    `parent_id` None means the newest message, BEGINNING none at all. Raises, in this order: ConversationGone,
    ClientIdReused, AnswerInProgress, UnknownParent, StaleParent, and what `admit` raises.
    """
    _hold(tx, conversation.id)
    if client_id is not None and (asked := _asked_before(tx.conn, conversation.id, author, client_id)):
        if asked.message.text != text:
            raise ClientIdReused(client_id)
        return asked
    _refuse_second_answer(tx.conn, conversation.id)
    parent = _parent(tx.conn, conversation.id, parent_id, branch)
    people.ensure(tx, author, now)
    admit(tx, author.id)
    revision = conversations.bump(tx, conversation.id, updated_at=now)
    question: dict[str, Any] = {
        "id": secrets.token_hex(12), "conversation_id": conversation.id, "parent_id": parent, "role": "user",
        "author_id": author.id, "author_name": author.name, "text": text, "status": Status.DONE,
        "citations": [], "client_id": client_id, "revision": revision, "created_at": now,
    }  # fmt: skip
    tx.execute(insert(messages).values(question))
    search.index(tx, question["id"])
    reply = _add_answer(
        tx,
        streams,
        conversation,
        question["id"],
        author,
        model=model,
        chunk_by=chunk_by,
        revision=revision,
        now=now,
    )
    return Asked(_present(tx.conn, question["id"]), reply, created=True)


def regenerate(
    tx: Transaction,
    streams: Streams,
    *,
    conversation: Conversation,
    answer_id: str,
    asked_by: Person,
    model: str | None = None,
    chunk_by: str,
    now: float,
    admit: Admit = lambda tx, person_id: None,
) -> Asked:
    """Add another pending answer to the question that `answer_id` answers; the old one stays as a branch.

    Raises ConversationGone, UnknownAnswer, AnswerInProgress, and what `admit` raises.
    """
    _hold(tx, conversation.id)
    old = fetch_one(tx.conn, messages.c.id == answer_id)
    if old is None or old.conversation_id != conversation.id or old.role != "assistant" or not old.parent_id:
        raise UnknownAnswer(answer_id)
    _refuse_second_answer(tx.conn, conversation.id)
    people.ensure(tx, asked_by, now)
    admit(tx, asked_by.id)
    revision = conversations.bump(tx, conversation.id, updated_at=now)
    reply = _add_answer(
        tx,
        streams,
        conversation,
        old.parent_id,
        asked_by,
        model=model,
        chunk_by=chunk_by,
        revision=revision,
        now=now,
    )
    return Asked(_present(tx.conn, old.parent_id), reply, created=True)


def _hold(tx: Transaction, conversation_id: str) -> None:
    if not conversations.hold(tx, conversation_id):
        raise ConversationGone(conversation_id)


def _add_answer(
    tx: Transaction,
    streams: Streams,
    conversation: Conversation,
    question_id: str,
    asked_by: Person,
    *,
    model: str | None,
    chunk_by: str,
    revision: int,
    now: float,
) -> Message:
    answer: dict[str, Any] = {
        "id": secrets.token_hex(12), "conversation_id": conversation.id, "parent_id": question_id,
        "role": "assistant", "status": Status.PENDING, "stream_id": secrets.token_hex(12),
        "asked_by": asked_by.id,
        "model": model or conversation.model, "citations": [], "revision": revision, "created_at": now,
    }  # fmt: skip
    try:
        with tx.conn.begin_nested():
            tx.execute(insert(messages).values(answer))
    except IntegrityError as refused:
        # The index decides a race that our look could not see, whatever isolation the database gives.
        live = live_stream(tx.conn, conversation.id)
        if live is None:
            raise
        raise AnswerInProgress(live) from refused
    streams.create(tx, answer["stream_id"], chunk_by=chunk_by)
    return _present(tx.conn, answer["id"])


def _asked_before(conn: Connection, conversation_id: str, author: Person, client_id: str) -> Asked | None:
    same = and_(
        messages.c.conversation_id == conversation_id,
        messages.c.author_id == author.id,
        messages.c.client_id == client_id,
    )
    question = fetch_one(conn, same)
    if question is None:
        return None
    answers = select(messages).where(messages.c.parent_id == question.id, messages.c.role == "assistant")
    first = fetch(conn, answers.order_by(messages.c.seq).limit(1))
    return Asked(question, first[0] if first else None, created=False)


def _refuse_second_answer(conn: Connection, conversation_id: str) -> None:
    if live := live_stream(conn, conversation_id):
        raise AnswerInProgress(live)


def _parent(conn: Connection, conversation_id: str, asked_for: str | None, branch: bool) -> str | None:
    latest = conn.execute(select(messages.c.id).where(is_newest(conversation_id))).scalar_one_or_none()
    if asked_for is None:
        return latest
    parent = asked_for if asked_for != BEGINNING else None
    if parent is not None and seq_of_message(conn, conversation_id, parent) is None:
        raise UnknownParent(parent)
    if parent != latest and not branch:
        raise StaleParent(asked_for)
    return parent


def _present(conn: Connection, message_id: str) -> Message:
    found = fetch_one(conn, messages.c.id == message_id)
    assert found is not None, "read inside the transaction that wrote it"
    return found
