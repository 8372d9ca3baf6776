"""The figures below an answer: how soon it came, how fast, how much, and what that cost."""

from collections.abc import Mapping
from typing import Any

from chat.core.lifecycle import is_live
from chat.store.message_rows import Message

FREE = frozenset({"demo"})  # the built-in provider's model: what it says costs nobody anything
SHORTEST_MS = 50  # of writing: what is shorter says nothing of the pace


def figures_of(message: Message) -> str:
    """Put what is known of an answer's making in one line; empty while it is made."""
    if is_live(message.status):
        return ""
    parts = (_first_token(message.timing), _pace(message), _size(message.usage), _cost(message))
    return " · ".join(filter(None, parts))


def _first_token(timing: Mapping[str, int | None] | None) -> str:
    first_ms = (timing or {}).get("first_token_ms")
    if first_ms is None:
        return ""
    return f"first token {first_ms / 1000:.1f} s" if first_ms >= 100 else f"first token {first_ms} ms"


def _pace(message: Message) -> str:
    timing, tokens = message.timing or {}, _tokens(message.usage, "output_tokens")
    first_ms, total_ms = timing.get("first_token_ms"), timing.get("total_ms")
    if not tokens or first_ms is None or total_ms is None or total_ms - first_ms < SHORTEST_MS:
        return ""
    pace = tokens * 1000 / (total_ms - first_ms)
    return f"{pace:.0f} tokens/s" if pace >= 1 else "less than a token/s"


def _size(usage: Mapping[str, Any] | None) -> str:
    into, out = _tokens(usage, "input_tokens"), _tokens(usage, "output_tokens")
    if not into and not out:
        return ""
    return f"{'about ' if (usage or {}).get('estimated') else ''}{into:,} tokens in, {out:,} out"


def _cost(message: Message) -> str:
    """Say the cost in the currency of the price table, which has no name; nothing where nothing was used."""
    if message.model in FREE or not message.usage:
        return ""
    if message.cost is None:
        return "cost unknown"
    return f"cost {money(message.cost)}"


def money(amount: float) -> str:
    """Write an amount with what counts of it: 12.30, 0.041, 0.00021."""
    if amount >= 1 or amount == 0:
        return f"{amount:.2f}"
    return f"{amount:.2g}" if amount >= 0.0001 else f"{amount:.6f}".rstrip("0").rstrip(".") or "0"


def _tokens(usage: Mapping[str, Any] | None, which: str) -> int:
    found = (usage or {}).get(which)
    return found if isinstance(found, int) else 0
