"""What a template is given of a message: the same for a page, for an upsert and for every viewer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from chat.core.lifecycle import Status, is_interrupted, is_live
from chat.store.message_rows import Message
from chat.web.figures import figures_of
from chat.web.source_view import SourceView, not_told_note, numbers_of
from chat.web.thought_view import ThoughtView

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
    figures: str = ""
    left_out: str = ""  # what of the conversation, and of documents, the model was not told
    is_cut: bool = False  # at the model's limit: it has more to say
    parent_id: str | None = None  # the question: None of an answer that cannot be asked for again


@dataclass(frozen=True, slots=True)
class BranchView:
    """Where a message stands among those at its place: `2/3`, and the ways to its neighbours."""

    id: str
    nth: int
    of: int
    before: str | None
    after: str | None


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
    branch: BranchView
    state: StateView | None
    thought: ThoughtView | None
    sources: Sequence[SourceView] = ()  # that the text cites, once it is not live any more
    offered: int = 0  # the highest number that a live text may cite

    @property
    def is_answer(self) -> bool:
        return self.state is not None


def view_message(
    message: Message, html: str, thought: ThoughtView | None = None, sources: Sequence[SourceView] = ()
) -> MessageView:
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
        branch=branch_of(message.id, message.siblings),
        state=state_of(message),
        thought=thought,
        sources=sources,
        offered=max(numbers_of(message), default=0) if is_live(message.status) else 0,
    )


def branch_of(message_id: str, siblings: Sequence[str]) -> BranchView:
    """Dress the picker of a message that stands among these, oldest first."""
    at = siblings.index(message_id) if message_id in siblings else 0
    return BranchView(
        id=message_id,
        nth=at + 1,
        of=max(len(siblings), 1),
        before=siblings[at - 1] if at > 0 else None,
        after=siblings[at + 1] if at + 1 < len(siblings) else None,
    )


def state_of(message: Message) -> StateView | None:
    """Dress the strip of an answer; a question has none."""
    if message.stream_id is None:
        return None
    words, went_on = WORDS[message.status], message.epoch > 1
    note = message.error["message"] if message.error and not is_live(message.status) else words.note
    if words.kind == "done":
        note = CUT_SHORT.get(message.finish_reason or "", "")
    return StateView(
        id=message.id,
        path=f"/c/{message.conversation_id}",
        stream_id=message.stream_id,
        kind=words.kind,
        note=note,
        say=CONTINUED if went_on and words.kind == "live" else words.say,
        icon=words.icon,
        length=len(message.text.encode()),
        epoch=message.epoch,
        aside=CONTINUED if went_on and not is_interrupted(message.status) else "",
        figures=figures_of(message),
        left_out="" if is_live(message.status) else not_told_note(message),
        is_cut=words.kind == "done" and message.finish_reason == "length",
        parent_id=message.parent_id,
    )


def went_on_state(
    *, message_id: str, conversation_id: str, stream_id: str, length: int, epoch: int
) -> StateView:
    """Dress the strip of an answer that was taken over and goes on."""
    words = WORDS[Status.STREAMING]
    return StateView(
        id=message_id,
        path=f"/c/{conversation_id}",
        stream_id=stream_id,
        kind=words.kind,
        note=words.note,
        say=CONTINUED,
        icon=words.icon,
        length=length,
        epoch=epoch,
        aside=CONTINUED,
    )
