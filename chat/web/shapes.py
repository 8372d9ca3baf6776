"""The JSON shapes of WIRE §2: people, conversations and messages as clients see them."""

from datetime import UTC, datetime
from typing import Any

from chat.core.citing import cited
from chat.core.lifecycle import is_final, is_live
from chat.store.conversations import Conversation
from chat.store.message_rows import Message
from chat.store.people import Person


def time_json(seconds: float) -> str:
    """Give a wall-clock time as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def person_json(person: Person) -> dict[str, Any]:
    return {"id": person.id, "name": person.name}


def conversation_json(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "system": conversation.system,
        "model": conversation.model,
        "temperature": conversation.temperature,
        "library": conversation.library,
        "pinned": conversation.pinned_at is not None,
        "created_at": time_json(conversation.created_at),
        "updated_at": time_json(conversation.updated_at),
    }


def citations_json(message: Message) -> list[dict[str, Any]]:
    """Give what the text cites, so far: what else it was offered may be of its owner's library."""
    if not message.citations or is_final(message.status):
        return list(message.citations)
    named = cited(message.text, {citation["number"] for citation in message.citations})
    return [citation for citation in message.citations if citation["number"] in named]


def settled_citations(message: Message | None) -> list[dict[str, Any]] | None:
    """Give what an answer cites once that does not change by itself any more; None before."""
    return None if message is None or is_live(message.status) else citations_json(message)


def message_json(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "role": message.role,
        "author": person_json(message.author) if message.author else None,
        "text": message.text,
        "status": message.status,
        "stream_id": message.stream_id,
        "reasoning_stream_id": message.reasoning_stream_id,
        "reasoning": message.reasoning.text if message.reasoning else None,
        "parent_id": message.parent_id,
        "model": message.model,
        "usage": message.usage,
        "citations": citations_json(message),
        "left_out": message.left_out,
        "unread_documents": message.unread_documents,
        "error": message.error,
        "finish_reason": message.finish_reason,
        "timing": message.timing,
        "cost": message.cost,
        "siblings": list(message.siblings),
        "created_at": time_json(message.created_at),
    }
