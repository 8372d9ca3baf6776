"""The briefing of an answer: all that a model is told when it is asked for it, in two small questions."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from chat.core.prompt import Turn
from chat.store.message_rows import line_to
from chat.store.tables import conversations, messages, streams


@dataclass(frozen=True, slots=True)
class Briefing:
    """What was said up to the question, oldest first, and how the conversation wants it answered."""

    model: str | None
    system: str | None
    temperature: float | None
    turns: list[Turn]


def briefing_of(conn: Connection, stream_id: str) -> Briefing | None:
    """Give what the answer whose text this stream is answers; None for a stream without a message.

    Only texts: what was thought before earlier answers is nothing that a model is told.
    """
    columns = (messages.c.parent_id, messages.c.model, conversations.c.system, conversations.c.temperature)
    joined = messages.join(conversations, conversations.c.id == messages.c.conversation_id)
    row = conn.execute(
        select(*columns).select_from(joined).where(messages.c.stream_id == stream_id)
    ).one_or_none()
    if row is None:
        return None
    line = line_to(messages.c.id == row.parent_id)
    # An answer on the line rests, for there is one live at a time: all of its text is in its stream's row.
    text = func.coalesce(streams.c.text, messages.c.text, "")
    said = (
        select(messages.c.role, text)
        .select_from(messages.outerjoin(streams, streams.c.id == messages.c.stream_id))
        .where(messages.c.seq.in_(select(line.c.seq)))
        .order_by(messages.c.seq)
    )
    turns = [Turn(role, words) for role, words in conn.execute(said).tuples()]
    return Briefing(row.model, row.system, row.temperature, turns)
