"""The choice of a conversation: which model answers, by what instructions, and how freely."""

from collections.abc import Mapping
from typing import Any

from flask import request

from chat.store import ledger
from chat.store.conversations import Conversation
from chat.web.errors import Invalid
from chat.web.house import house
from chat.web.usage import cost_words, used_in
from chat.web.validation import ConversationChange, check

FIELDS = ("model", "system", "temperature")
FEW = 40  # models that are shown as a list to choose from; of more one writes the name


def asked_choice() -> dict[str, Any]:
    """Read the fields of the panel, empty ones as null: the default's. Raises Invalid, TooLarge."""
    written = {name: request.form.get(name, "").strip() or None for name in FIELDS}
    fields = {**written, "temperature": _number(written["temperature"])}
    check(ConversationChange, fields)
    return fields


def choice_context(conversation: Conversation | None) -> dict[str, Any]:
    """Give what the panel shows: what may be chosen, and what is."""
    made = house()
    chosen = _chosen(conversation)
    listed = made.models.listed()
    is_known = chosen["model"] in (*listed, "")
    return {
        "choice": chosen,
        "models": listed if is_known or made.settings.models else (*listed, chosen["model"]),
        "may_name_any": not made.settings.models and not 1 < len(listed) <= FEW,
        "default_model": made.provider.default_model,
        "default_system": made.settings.system,
        "default_temperature": made.settings.temperature,
        "used": used_context(conversation.id) if conversation else None,
    }


def _chosen(conversation: Conversation | None) -> Mapping[str, Any]:
    """Give what the conversation has; of one that begins, what a refused form brought."""
    if conversation is None:
        return {name: request.form.get(name, "") for name in FIELDS}
    temperature = "" if conversation.temperature is None else f"{conversation.temperature:g}"
    return {
        "model": conversation.model or "",
        "system": conversation.system or "",
        "temperature": temperature,
    }


def used_context(conversation_id: str) -> dict[str, Any]:
    """Give what the conversation's answers took so far."""
    usage = ledger.total(used_in(conversation_id))
    is_free = house().provider.name == "demo"
    return {"usage": usage, "cost": "" if is_free else cost_words(usage)}


def _number(written: str | None) -> float | None:
    try:
        return float(written.replace(",", ".")) if written else None
    except ValueError:
        raise Invalid("temperature: write a number from 0 to 2, or nothing.") from None
