"""What a template is given of a message: the same for a page, for an upsert and for every viewer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from chat.core.lifecycle import Status, is_interrupted, is_live
from chat.store.message_rows import Message

OUR_NAME = "Headwater"
CONTINUED = "Continued after an interruption"


@dataclass(frozen=True, slots=True)
class Words:
    """How a status is shown: a class for the strip, a note with its picture, what a screen reader is told."""

    kind: str
    note: str
    say: str
    icon: str = ""


WORDS: Mapping[str, Words] = {
    Status.PENDING: Words("live", "Waiting for the first words…", "Answering"),
    Status.STREAMING: Words("live", "Answering…", "Answering"),
    Status.DONE: Words("done", "", "Answer complete"),
    Status.STOPPED: Words("stopped", "Stopped", "Answer stopped"),
    Status.ERROR: Words("error", "The answer failed.", "The answer failed", "alarm"),
    Status.INTERRUPTED: Words(
        "interrupted", "Interrupted. What was written so far is kept.", "Answer interrupted", "pause"
    ),
}
CUT_SHORT = {
    "length": "Cut at the length limit",
    "content_filter": "Cut by the provider's filter",
}


@dataclass(frozen=True, slots=True)
class StateView:
    """The strip below an answer."""

    id: str
    path: str  # of the conversation's page, for the strip's forms
    stream_id: str
    kind: str
    note: str
    say: str
    icon: str
    length: int  # bytes of text: where a continuation begins
    epoch: int  # a tail that was read in an older one is not shown any more
    aside: str  # a quiet remark beside the note


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as a template shows it; `html` is made by us and safe, `text` is as it was typed."""

    id: str
    seq: int
    role: str
    parent_id: str | None
    by: str
    model: str | None
    text: str
    html: Markup
    state: StateView | None

    @property
    def is_answer(self) -> bool:
        return self.state is not None


def view_message(message: Message, html: str) -> MessageView:
    """Dress a message; `html` is the picture of an answer's text, empty for a question."""
    return MessageView(
        id=message.id,
        seq=message.seq,
        role=message.role,
        parent_id=message.parent_id,
        by=message.author.name if message.author else OUR_NAME,
        model=message.model,
        text=message.text,
        html=Markup(html),
        state=_state_of(message),
    )


def view_state(
    *,
    message_id: str,
    conversation_id: str,
    stream_id: str,
    status: str,
    length: int,
    epoch: int,
    error: Mapping[str, str] | None = None,
    usage: Mapping[str, Any] | None = None,
    finish_reason: str | None = None,
) -> StateView:
    """Dress the strip of an answer."""
    words, went_on = WORDS[status], epoch > 1
    note = error["message"] if error and not is_live(status) else words.note
    if words.kind == "done":
        note = " · ".join(filter(None, (CUT_SHORT.get(finish_reason or ""), _size(usage))))
    return StateView(
        id=message_id,
        path=f"/c/{conversation_id}",
        stream_id=stream_id,
        kind=words.kind,
        note=note,
        say=CONTINUED if went_on and words.kind == "live" else words.say,
        icon=words.icon,
        length=length,
        epoch=epoch,
        aside=CONTINUED if went_on and not is_interrupted(status) else "",
    )


def _state_of(message: Message) -> StateView | None:
    if message.stream_id is None:
        return None
    return view_state(
        message_id=message.id,
        conversation_id=message.conversation_id,
        stream_id=message.stream_id,
        status=message.status,
        length=len(message.text.encode()),
        epoch=message.epoch,
        error=message.error,
        usage=message.usage,
        finish_reason=message.finish_reason,
    )


def _size(usage: Mapping[str, Any] | None) -> str:
    tokens = (usage or {}).get("output_tokens")
    if not tokens:
        return ""
    return f"{'about ' if (usage or {}).get('estimated') else ''}{tokens:,} tokens"
