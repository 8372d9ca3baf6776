"""What a provider may do wrong, or in its own way, and the exact end of the answer each time."""

from dataclasses import dataclass

import msgspec

from tests.scripted import PROSE, answer_of, read_script

WHOLE = PROSE
FIRST_TOKEN_S, SILENCE_S = (
    6,
    5,
)  # the patience that the server of these has: busy is not silent
SILENT = ("first_token_timeout", "stalled")  # the ends that come of none


def first(tokens: int) -> str:
    """The answer's first tokens."""
    return answer_of(msgspec.structs.replace(read_script("any"), tokens=tokens))


@dataclass(frozen=True)
class Fault:
    """The model that makes the scripted provider do it, and what must come of it."""

    model: str
    what: str
    status: str
    code: str | None
    text: str


# Events are counted from 1 and the first carries the role alone: 4 events are 3 tokens.
FAULTS = (
    Fault("cut", "the connection breaks", "error", "truncated", first(3)),
    Fault("any;framing=length;cut_after=4", "the body is too short", "error", "truncated", first(3)),
    Fault("neither", "the body ends, and nothing said that it would", "error", "truncated", WHOLE),
    Fault("error-event", "an error in mid answer", "error", "provider_failed", first(2)),
    Fault("named-error-event", "the same, as `event: error`", "error", "provider_failed", first(2)),
    Fault("stall", "silence in mid answer", "error", "stalled", first(3)),
    Fault("silent", "silence from the beginning", "error", "first_token_timeout", ""),
    Fault("no-headers", "not even headers", "error", "first_token_timeout", ""),
    Fault("comments", "nothing but comments", "error", "first_token_timeout", ""),
    Fault("html", "a web page", "error", "not_a_stream", ""),
    Fault("huge-line", "a line without end", "error", "too_large", ""),
    Fault("redirect", "a redirect", "error", "provider_refused", ""),
    Fault("unauthorized", "401", "error", "provider_refused", ""),
    Fault("unknown-model", "404", "error", "provider_refused", ""),
    Fault("busy", "429, again and again", "error", "provider_busy", ""),
    Fault("failing", "500, again and again", "error", "provider_failed", ""),
    Fault("busy-once", "429 once", "done", None, WHOLE),
    Fault("failing-once", "503 once", "done", None, WHOLE),
    Fault("malformed", "an event that is no JSON", "done", None, WHOLE),
    Fault("unclean", "NUL, and half of a surrogate pair", "done", None, "one\ufffd two"),
    Fault("no-done", "no [DONE]", "done", None, WHOLE),
    Fault("no-finish", "no finish_reason", "done", None, WHOLE),
    Fault("no-usage", "no usage", "done", None, WHOLE),
    Fault("no-stream-options", "knows no stream_options", "done", None, WHOLE),
)

# Nothing wrong with these; they are only rare.
SHAPES = tuple(
    Fault(model, "", "done", None, WHOLE)
    for model in (
        "length",
        "gzip",
        "crlf",
        "slices",
        "slices;newline=crlf;multiline=true;comment_every=3",
        "slices;newline=cr;slice=1",
        "any;framing=length",
        "any;framing=close",
    )
)
