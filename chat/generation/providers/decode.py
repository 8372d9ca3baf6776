"""The lean path: bytes of a chat completion in, items out; what is broken is skipped.

The SDK's own iterator builds a pydantic object per chunk; that is most of what a token would cost.
"""

import json
import logging
from enum import Enum, auto
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from chat.core.ingest import Cleaner
from chat.core.sse import LONGEST_LINE, Decoder, LineTooLong, SseMessage
from chat.generation.providers.types import Delta, Item, ProviderError, Reasoning, Usage
from chat.generation.providers.words import NOT_A_STREAM, TOO_LARGE, TRUNCATED, failed_midway

LONGEST_REASON = 40  # characters, as the tables hold them: PostgreSQL refuses more, and with that the end

Kind = type[Delta] | type[Reasoning]

log = logging.getLogger(__name__)


class Piece(msgspec.Struct):
    """What one chunk adds. Any, because servers differ: text is a string here and a list of parts there."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None


class Choice(msgspec.Struct):
    delta: Piece | None = None
    message: Piece | None = None  # of a server that ignores `stream` and sends all at once
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None
    object: Any = None
    message: Any = None  # of an error that is the chunk itself


class Body(Enum):
    """What came with status 200; its first character tells, whatever the content type says."""

    UNKNOWN = auto()
    EVENTS = auto()  # an event stream
    DOCUMENT = auto()  # one JSON document: an error, or a whole answer
    PAGE = auto()  # HTML: no model's server


_KINDS = {b"<": Body.PAGE, b"{": Body.DOCUMENT, b"": Body.UNKNOWN}
_read_chunk = msgspec.json.Decoder(Chunk).decode


class Unreadable(ValueError):
    """This event is not JSON, or not of a chat completion."""


class AnswerDecoder:
    """Read one answer. Feed it what comes; `close` it when the body ended by itself.

    `failure` is set when nothing good can follow; what was said before it came out of `feed` all the same.
    """

    def __init__(self, key: str = "") -> None:
        self._key = key  # never to be told, not even in the server's own words
        self.finish_reason: str | None = None
        self.done = False  # [DONE] came, or all that could come
        self.usage: Usage | None = None
        self.failure: ProviderError | None = None
        self._sse = Decoder()
        self._cleaners: dict[Kind, Cleaner] = {Delta: Cleaner(), Reasoning: Cleaner()}
        self._said: list[tuple[Kind, str]] = []
        self._kind = Body.UNKNOWN
        self._document = b""  # plain JSON, until it is complete
        self._read = 0  # events that made sense
        self._skipped = 0  # events that did not

    @property
    def finished(self) -> bool:
        """Say whether the provider said that the answer is complete; usage may still follow."""
        return self.done or self.finish_reason is not None

    def feed(self, data: bytes) -> list[Item]:
        """Take what one read brought. Never raises."""
        if self._kind is not Body.EVENTS and not self._is_event_stream(data):
            return []
        try:
            messages = self._sse.feed(data)
        except LineTooLong:
            self.failure = TOO_LARGE()
            return []
        return self._take(messages) if messages else []

    def close(self) -> list[Item]:
        """Take the end of the body; set `failure` where it came too early. Never raises."""
        if self._kind is Body.DOCUMENT:
            self._take_data(self._document)
            self.done = bool(self._said)
        items = self._say() if self.done or self.failure else self._take(self._last_event())
        items += self._clean_rest()
        if self.failure is None and not self.finished:
            was_stream = self._read and self._kind is Body.EVENTS
            self.failure = TRUNCATED() if was_stream else NOT_A_STREAM()
        return items

    def _is_event_stream(self, data: bytes) -> bool:
        """Find out by the first character what the body is, and deal with what it should not be."""
        if self._kind is Body.UNKNOWN:
            self._kind = _KINDS.get(data.lstrip()[:1], Body.EVENTS)
        if self._kind is Body.PAGE:
            self.failure = NOT_A_STREAM()
        elif self._kind is Body.DOCUMENT:
            self._document += data
            if len(self._document) > LONGEST_LINE:
                self.failure = TOO_LARGE()
        return self._kind is Body.EVENTS

    def _last_event(self) -> list[SseMessage]:
        try:
            return self._sse.close()
        except LineTooLong:
            self.failure = TOO_LARGE()
            return []

    def _take(self, messages: list[SseMessage]) -> list[Item]:
        for message in messages:
            if message.event == "error":
                self.failure = failed_midway(_error_text(message.data), self._key)
            elif message.data.startswith("[DONE]"):
                self._take_done()
            else:
                self._take_data(message.data)
            if self.done or self.failure:
                break
        return self._say()

    def _take_done(self) -> None:
        if self._read or not self._skipped:
            self.done = True
        else:
            self.failure = NOT_A_STREAM()

    def _take_data(self, data: str | bytes) -> None:
        try:
            chunk = _parse(data)
        except Unreadable as wrong:
            self._skip(data, wrong)
            return
        if chunk.error is not None or chunk.object == "error":
            self.failure = failed_midway(_message_in(chunk.error or chunk.message), self._key)
            return
        self._read += 1
        if chunk.usage is not None:
            self.usage = _count(chunk.usage) or self.usage
        if chunk.choices:
            self._take_choice(chunk.choices[0])

    def _take_choice(self, choice: Choice) -> None:
        piece = choice.delta or choice.message
        if piece is not None:
            if thought := piece.reasoning_content or piece.reasoning:
                self._hear(Reasoning, thought)
            if content := piece.content or piece.refusal:
                self._hear(Delta, content)
        if choice.finish_reason:
            self.finish_reason = choice.finish_reason.replace("\x00", "")[:LONGEST_REASON]
            if choice.finish_reason == "error":
                self.failure = failed_midway("")

    def _hear(self, kind: Kind, said: Any) -> None:
        if type(said) is str:
            self._said.append((kind, said))
        elif isinstance(said, list):
            for part in said:
                self._hear_part(kind, part)

    def _hear_part(self, kind: Kind, part: Any) -> None:
        if not isinstance(part, dict):
            return
        if isinstance(text := part.get("text"), str):
            self._said.append((kind, text))
        elif part.get("type") == "thinking":
            self._hear(Reasoning, part.get("thinking"))

    def _say(self) -> list[Item]:
        """Join what one read brought: neighbours of one kind become one item."""
        said, self._said = self._said, []
        items: list[Item] = []
        if len(said) == 1:  # nearly always
            kind, text = said[0]
            return [kind(text)] if (text := self._cleaners[kind].feed(text)) else items
        for kind, run in groupby(said, itemgetter(0)):
            if text := self._cleaners[kind].feed("".join([text for _, text in run])):
                items.append(kind(text))
        return items

    def _clean_rest(self) -> list[Item]:
        rests = [(kind, cleaner.close()) for kind, cleaner in self._cleaners.items()]
        items: list[Item] = [kind(rest) for kind, rest in rests if rest]
        return items

    def _skip(self, data: str | bytes, wrong: Unreadable) -> None:
        self._skipped += 1
        if self._skipped == 1:  # one line an answer, not one a token
            log.warning(
                "the provider sent an event that is not readable; skipped (%s, %d long)", wrong, len(data)
            )


def _parse(data: str | bytes) -> Chunk:
    try:
        return _read_chunk(data)
    except msgspec.ValidationError as wrong:
        raise Unreadable(str(wrong)) from None
    except (ValueError, RecursionError):
        return _parse_leniently(data)


def _parse_leniently(data: str | bytes) -> Chunk:
    """Read JSON that the strict reader refuses: lone surrogates, control characters, broken UTF-8."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    try:
        return msgspec.convert(json.loads(text, strict=False), Chunk)
    except (ValueError, RecursionError) as wrong:
        raise Unreadable(type(wrong).__name__) from None


def _count(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    asked, answered = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(asked) is int and type(answered) is int and asked >= 0 and answered >= 0:
        return Usage(asked, answered)
    return None


def _error_text(data: str) -> str:
    """Find the words in the data of `event: error`, which may be anything."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return data
    return _message_in(value.get("error", value) if isinstance(value, dict) else value)


def _message_in(error: Any) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail")
    return error if isinstance(error, str) else ""
