"""What the API answers, as models: for the description of the API, and for the test that answers are so."""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from chat.core.lifecycle import Status

Item = TypeVar("Item")


class Shape(BaseModel):
    """An answer; clients ignore fields that they do not know, for more may come."""

    model_config = ConfigDict(extra="forbid")


class Person(Shape):
    id: str
    name: str


class Session(Shape):
    token: str = Field(description="Send it as `Authorization: Bearer`: the only key to what you write.")
    person: Person


class Usage(Shape):
    input_tokens: int
    output_tokens: int
    estimated: bool = Field(description="True where the model's server did not count.")


class Timing(Shape):
    first_token_ms: int | None
    total_ms: int


class Failure(Shape):
    code: str
    message: str = Field(description="What went wrong, in plain words.")


class Conversation(Shape):
    id: str
    title: str | None
    system: str | None = Field(description="Put before every question.")
    model: str | None
    temperature: float | None
    library: bool = Field(description="Whether its owner's questions draw on the owner's library.")
    pinned: bool
    created_at: datetime
    updated_at: datetime = Field(description="Set by each new message.")


class Citation(Shape):
    """A passage as it was when the answer was asked for, whatever becomes of its document."""

    number: int = Field(description="`[1]` in the text means the one with number 1.")
    document_id: str = Field(description="Empty where the document was never on this server.")
    document: str = Field(description="Its name.")
    passage: int = Field(description="The passage's number in the document, from 1.")
    page: int | None
    heading: str = Field(description="The headings above it, outermost first, with ` › ` between.")
    text: str
    quote: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        description="The sentence that the answer rests on: from, to, in characters of `text`."
    )


class Message(Shape):
    id: str
    conversation_id: str
    role: Literal["user", "assistant"]
    author: Person | None = Field(description="Who asked; null for an answer.")
    text: str = Field(description="Of a live answer: what is stored. Its next chunk begins there.")
    status: Status
    stream_id: str | None
    reasoning_stream_id: str | None = Field(description="What was thought before it: a stream of its own.")
    reasoning: str | None = Field(description="What is stored of that.")
    parent_id: str | None
    model: str | None
    usage: Usage | None
    citations: list[Citation] = Field(
        description="What the text cites; of an answer that is being written, so far."
    )
    left_out: int = Field(description="Earlier messages that the model was not told: they did not fit.")
    unread_documents: int = Field(description="Were still being read when it was asked: not looked at.")
    error: Failure | None
    finish_reason: str | None
    timing: Timing | None
    cost: float | None = Field(description="In the currency of the server's prices; null: unknown.")
    siblings: list[str] = Field(description="The messages with this parent, oldest first, when it was read.")
    created_at: datetime


class Asked(Shape):
    message: Message
    reply: Message | None = Field(description="A pending answer; null when it was deleted since.")


class Page(Shape, Generic[Item]):
    items: list[Item]
    next: str | None = Field(description="Send it as `after` for the next page; null at the end.")


class Model(Shape):
    id: str


class Models(Shape):
    items: list[Model]
    default: str = Field(description="Answers where nobody names another.")


class StreamMade(Shape):
    stream_id: str


class StreamStopped(Shape):
    stream_id: str
    status: Status = Field(description="May still say streaming; the end follows within a moment.")


class StreamRead(Shape):
    text: str
    offset: int = Field(description="The byte where `text` begins.")
    next_offset: int = Field(description="The byte where to read on.")
    status: Status
    epoch: int
    error: Failure | None
    usage: Usage | None
    finish_reason: str | None


class Used(Shape):
    answers: int
    input_tokens: int
    output_tokens: int
    cost: float | None = Field(description="In the currency of the server's prices; null: all unknown.")
    unpriced: int = Field(description="Answers and titles of models without a price: `cost` lacks them.")


class UsedByDay(Used):
    day: str = Field(description="Of UTC: 2026-07-01.")
    model: str


class UsedByModel(Used):
    model: str | None


class Allowed(Shape):
    """What holds for this person; null: no limit."""

    daily_tokens: int | None
    daily_cost: float | None
    live_answers: int | None = Field(description="Answers that may be written at once.")


class PersonUsage(Shape):
    today: Used
    month: Used = Field(description="The last 30 days, today included.")
    days: list[UsedByDay] = Field(description="By day and model, newest first.")
    limits: Allowed
    resets_at: datetime = Field(description="When a day's budget begins anew: midnight, UTC.")


class ConversationUsage(Shape):
    total: Used
    models: list[UsedByModel]


class Link(Shape):
    url: str = Field(description="For people.")
    token: str = Field(description="For programs: as Bearer it may read this one conversation.")
    expires_at: str | None = Field(description="When it opens nothing any more; null: when it is taken back.")


class Shared(Shape):
    created_at: datetime
    expires_at: datetime | None


class Member(Person):
    role: Literal["owner", "co-driver", "viewer"]
    since: datetime


class Invitation(Shape):
    id: str
    role: Literal["co-driver", "viewer"]
    created_at: datetime
    expires_at: datetime | None


class InvitationMade(Invitation):
    url: str = Field(description="For people.")
    token: str = Field(description="For programs: `POST /api/invitations/accept`.")


class Token(Shape):
    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


class TokenMade(Token):
    token: str = Field(description="Send it as `Authorization: Bearer`; it is never shown again.")


class Piece(Shape):
    text: str
    hit: bool = Field(description="Whether this is what was looked for.")


class Hit(Shape):
    message_id: str
    conversation_id: str
    title: str | None
    role: Literal["user", "assistant"]
    author: str | None
    snippet: list[Piece]
    path: str = Field(description="Of the page that shows the message.")
    created_at: datetime


class Problem(Shape):
    """Every refusal. Beside code and message: `length`, `epoch` or `stream_id`, where they help."""

    class Error(Shape):
        model_config = ConfigDict(extra="allow")
        code: str
        message: str
        length: int | None = None
        epoch: int | None = None
        stream_id: str | None = None

    error: Error
