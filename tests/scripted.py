"""What the scripted upstream may be told to do, and the bytes that come of it, made beforehand."""

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import cycle, islice
from typing import Any

import msgspec

from chat.core.prompt import CONTINUE

PROSE = (
    "A stream is a log and a reader is an offset. Whoever asks gets each token as it comes; whoever "
    "watches gets what is stored, a moment later, and never anything else. Nothing is lost when a line "
    "breaks, for the place is known: one reads on from there. Naïve café, 日本語のテキスト。 🙂 "
    "And so it goes on, one sentence after another, until the answer is complete.\n\n"
)

UNCLEAN = "".join(
    f"data: {one}\n\n"
    for one in (
        r'{"choices": [{"index": 0, "delta": {"content": "o\u0000ne\ud83d"}, "finish_reason": null}]}',
        r'{"choices": [{"index": 0, "delta": {"content": " t\u0000wo"}, "finish_reason": "stop"}]}',
        "[DONE]",
    )
)

TOKEN = r"\s*\S{1,6}|\s+"
THOUGHT = r"\s*\S+"


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one request is answered. Places (`*_after`, `*_at`) count events from 1; 0 or "" means never.

    A request chooses by its model: `name;key=value;key=value`; the name is one of PRESETS, or anything.
    """

    text: str = ""  # the answer; empty: PROSE
    tokens: int = 0  # so many tokens, the text repeated or cut; 0: the text once
    continues: bool = False  # asked to go on with a cut answer, it does, exactly there
    hurry: bool = False  # and then it goes as fast as the socket takes it
    told: int = 0  # characters of the answer that were sent before, and are left out
    pace: float = 0.0  # tokens a second; 0: as fast as the socket takes them
    first_s: float = 0.0  # silence before the first event
    headers_s: float = 0.0  # silence before the headers
    slice: int = 0  # bytes a write; 0: one event a write
    burst: int = 1  # events a write
    stamp: bool = False  # each token is the time of its sending: " <microseconds since 1970>"
    reasoning: str = ""  # sent before the answer
    reasoning_key: str = "reasoning_content"
    finish: str = "stop"  # finish_reason; empty: none is sent
    done: bool = True  # `data: [DONE]`
    usage: bool = True  # a usage chunk without choices, when the request wants one
    stall_after: int = 0  # silence after so many events, until the other side leaves
    cut_after: int = 0  # the connection breaks after so many events
    statuses: tuple[int, ...] = ()  # of the first requests for this model; then 200
    retry_after: str = ""
    message: str = "The scripted upstream was told to fail."  # in error bodies
    error_at: int = 0  # an error instead of this event, and nothing after it
    error_named: bool = False  # as `event: error`
    malformed_at: int = 0  # this event comes twice: first broken, then whole
    html: bool = False  # 200 and a web page
    plain_json: bool = False  # 200 and the whole completion at once: `stream` was ignored
    redirect: str = ""  # 307 to there
    huge_line: int = 0  # one line of so many megabytes
    comments: bool = False  # nothing but comments, five a second, for ever
    comment_every: int = 0  # a comment before each n-th event
    newline: str = "lf"  # lf, crlf or cr
    multiline: bool = False  # JSON spread over several `data:` lines
    gzip: bool = False
    framing: str = "chunked"  # chunked, length or close
    content_type: str = "text/event-stream; charset=utf-8"
    refuse_stream_options: bool = False
    refuse_temperature: bool = False
    raw: str = ""  # the body's own text instead of all that


PRESETS: dict[str, dict[str, Any]] = {
    "stall": {"stall_after": 4},
    "cut": {"cut_after": 4},
    "silent": {"first_s": 3600},
    "no-headers": {"headers_s": 3600},
    "malformed": {"malformed_at": 4},
    "busy-once": {"statuses": (429,), "retry_after": "0.05"},
    "busy": {"statuses": (429,) * 99, "retry_after": "0.05"},
    "failing": {"statuses": (500,) * 99},
    "failing-once": {"statuses": (503,)},
    "unauthorized": {"statuses": (401,) * 99},
    "unknown-model": {"statuses": (404,) * 99},
    "error-event": {"error_at": 4},
    "named-error-event": {"error_at": 4, "error_named": True},
    "no-done": {"done": False},
    "no-finish": {"finish": "", "usage": False},
    "neither": {"finish": "", "usage": False, "done": False},
    "length": {"finish": "length"},
    "no-usage": {"usage": False},
    "gzip": {"gzip": True},
    "crlf": {"newline": "crlf"},
    "comments": {"comments": True},
    "html": {"html": True, "content_type": "text/html"},
    "redirect": {"redirect": "/v1/elsewhere"},
    "huge-line": {"huge_line": 64},
    "slices": {"slice": 7},
    "reasoning": {"reasoning": "First I think about the question. Then I answer it."},
    "unclean": {"raw": UNCLEAN},
    "no-stream-options": {"refuse_stream_options": True},
    "no-temperature": {"refuse_temperature": True},
}


def read_script(model: str) -> Script:
    """Read a request's model id as a script; an id that is none gets the plain answer."""
    name, *rest = model.split(";")
    pairs = (pair.partition("=") for pair in rest)
    wanted: dict[str, Any] = {key: value for key, _, value in pairs}
    if "statuses" in wanted:
        wanted["statuses"] = wanted["statuses"].split(",")
    return msgspec.convert(PRESETS.get(name, {}) | wanted, Script, strict=False)


def answer_of(script: Script) -> str:
    """Say what text a whole answer to this script is (not for `stamp`)."""
    return "".join(tokens_of(script))


def tokens_of(script: Script) -> list[str]:
    """Say in which pieces the answer is sent: one an event, after a first event that has none."""
    found = re.findall(TOKEN, script.text or PROSE)
    wanted = list(islice(cycle(found), script.tokens)) if script.tokens else found
    return re.findall(TOKEN, "".join(wanted)[script.told :]) if script.told else wanted


def pieces_of(script: Script) -> list[str]:
    """Say what is sent one an event: what is thought, and then the answer."""
    return [*re.findall(THOUGHT, script.reasoning), *tokens_of(script)]


def said(script: Script, characters: int) -> str:
    """Say how far a whole answer gets that is held at so many characters."""
    spoken = ""
    for token in tokens_of(script):
        if len(spoken + token) > characters:
            break
        spoken += token
    return spoken


class DoesNotFit(Exception):
    """What is to be continued is not the beginning of this script's answer."""


def kept_text(messages: Sequence[dict[str, Any]]) -> str:
    """Give the cut answer that a request wants continued: it stands last, or before the instruction to."""
    turns = messages[:-1] if messages[-1]["content"] == CONTINUE else messages
    return str(turns[-1]["content"]) if turns and turns[-1]["role"] == "assistant" else ""


def rest_of(script: Script, kept: str) -> Script:
    """Make the script that goes on behind `kept`. Raises DoesNotFit."""
    if not answer_of(script).startswith(kept):
        raise DoesNotFit(kept)
    pace = 0.0 if script.hurry and kept else script.pace
    return msgspec.structs.replace(script, told=len(kept), pace=pace)


@lru_cache(64)
def writes(script: Script, wants_usage: bool) -> tuple[tuple[bytes, ...], ...]:
    """Make the body: for each event the writes that bring it, framed for HTTP."""
    if script.huge_line:
        start, megabyte = _chunk(b'data: {"choices": [{"delta": {"content": "'), _chunk(b"x" * (1 << 20))
        return (start,), *[(megabyte,)] * script.huge_line
    events = _events(script, wants_usage)
    packed = _zip(events) if script.gzip else events
    frame = _chunk if script.framing == "chunked" else bytes
    body = [tuple(map(frame, _slices(piece, script.slice))) for piece in _bursts(packed, script.burst)]
    if script.framing == "chunked" and not script.cut_after:
        body.append((b"0\r\n\r\n",))
    return tuple(body)


def _events(script: Script, wants_usage: bool) -> Iterator[bytes]:
    if script.raw:
        yield script.raw.encode()
        return
    if script.plain_json:
        yield _json(_whole(script))
        return
    broken = False
    for number, event in enumerate(_data(script, wants_usage), 1):
        if number == script.cut_after + 1 and script.cut_after:
            return
        if script.comment_every and number % script.comment_every == 0:
            yield b": keepalive" + _newline(script) * 2
        if number == script.malformed_at and not broken:
            broken = True
            yield _sse(b'{"choices": [{"delta": {"content": "bro', script)
        if number == script.error_at:
            error = _json({"error": {"message": script.message, "type": "server_error", "code": None}})
            yield _sse(error, script, event=b"error" if script.error_named else b"")
            return
        yield _sse(event, script)


def _data(script: Script, wants_usage: bool) -> Iterator[bytes]:
    yield _choice({"role": "assistant", "content": ""})
    for token in re.findall(THOUGHT, script.reasoning):
        yield _choice({script.reasoning_key: token})
    before, after = _around_content()
    for token in tokens_of(script):
        yield before + _json(token) + after
    if script.finish:
        yield _choice({}, script.finish)
    if script.usage and wants_usage:
        yield _json(_frame(choices=[], usage=_usage(script)))
    if script.done:
        yield b"[DONE]"


def stamped(now_us: int) -> bytes:
    """Make one event whose token is a time, framed as a chunk."""
    before, after = _around_content()
    return _chunk(b'data: %b" %d"%b\n\n' % (before, now_us, after))


@cache
def _around_content() -> tuple[bytes, bytes]:
    """Give what stands around a token in its event, made once."""
    before, _, after = _choice({"content": "TOKEN"}).partition(b'"TOKEN"')
    return before, after


def _frame(**more: Any) -> dict[str, Any]:
    """The fields that a real server repeats in every chunk."""
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": "scripted",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
        **more,
    }


def _choice(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _json(_frame(choices=[choice], usage=None))


def _usage(script: Script) -> dict[str, int]:
    count = len(tokens_of(script))
    return {"prompt_tokens": 11, "completion_tokens": count, "total_tokens": 11 + count}


def _whole(script: Script) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer_of(script)}
    choice = {"index": 0, "message": message, "finish_reason": script.finish or None}
    return {"object": "chat.completion", "choices": [choice], "usage": _usage(script)}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


def _sse(data: bytes, script: Script, event: bytes = b"") -> bytes:
    end = _newline(script)
    named = b"event: " + event + end if event else b""
    if script.multiline:
        data = data.replace(b',"choices"', b',\n"choices"')
    return named + b"".join(b"data: " + line + end for line in data.split(b"\n")) + end


def _newline(script: Script) -> bytes:
    return {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}[script.newline]


def _zip(events: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for event in events:
        yield packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def _bursts(events: Iterable[bytes], size: int) -> Iterator[bytes]:
    waiting = iter(events)
    while burst := list(islice(waiting, max(1, size))):
        yield b"".join(burst)


def _slices(piece: bytes, size: int) -> list[bytes]:
    return [piece[at : at + size] for at in range(0, len(piece), size)] if size else [piece]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
