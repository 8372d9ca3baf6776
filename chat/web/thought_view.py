"""What a template is given of the reasoning before an answer: folded, with a line that says how it stands."""

from dataclasses import dataclass

from markupsafe import Markup

from chat.core.lifecycle import is_live
from chat.store.message_rows import Message

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class ThoughtView:
    """The fold of a message; `html` is made by us and safe."""

    id: str  # of the message
    is_live: bool
    note: str
    html: Markup


def view_thought(message: Message, html: str) -> ThoughtView | None:
    """Dress what was thought before an answer; None when nothing was."""
    thought = message.reasoning
    if thought is None:
        return None
    live = is_live(thought.status)
    return ThoughtView(message.id, live, "Thinking…" if live else said_of(thought.total_ms), Markup(html))


def said_of(total_ms: int | None) -> str:
    """Say how long it took, as people do."""
    if total_ms is None:
        return "Thought about it"
    seconds = round(total_ms / 1000)
    if seconds < 1:
        return "Thought for a moment"
    minutes, rest = divmod(seconds, MINUTE_S)
    parts = (f"{minutes} min" if minutes else "", f"{rest} s" if rest else "")
    return "Thought for " + " ".join(filter(None, parts))
