"""The JSON shapes of WIRE §2: people, conversations and messages as clients see them."""

from datetime import UTC, datetime
from typing import Any

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
        "citations": list(message.citations),
        "left_out": message.left_out,
        "error": message.error,
        "finish_reason": message.finish_reason,
        "timing": message.timing,
        "cost": message.cost,
        "siblings": list(message.siblings),
        "created_at": time_json(message.created_at),
    }
