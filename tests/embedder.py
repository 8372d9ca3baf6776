"""The scripted upstream's `/v1/embeddings`: the same vector for the same words, or what a script says.

A request's model says how it behaves: `words` (well), `words;dimensions=16;longest=50`, or one of PRESETS.
"""

import base64
import json
import math
import socket
import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import gevent
import msgspec

from chat.core.searching import words

DIMENSIONS = 1000  # enough that the few words of a test hardly ever share one


class Ways(msgspec.Struct):
    """How it embeds; each field but the first two is one thing that servers do."""

    dimensions: int = DIMENSIONS
    wait_s: float = 0  # before it answers
    statuses: tuple[int, ...] = ()  # of the first requests; then 200
    message: str = "The scripted embedder was told to fail."
    retry_after: str = ""
    longest: int = 0  # characters: texts that are longer make it refuse the whole request
    numbers: bool = False  # sends numbers although bytes were asked for
    refuse_bytes: bool = False  # 400 to whoever asks for bytes
    ignore_dimensions: bool = False
    nameless: bool = False  # does not say which text a vector is of
    backwards: bool = False  # the last one first
    nan: bool = False
    null: bool = False
    ragged: bool = False  # the last vector has fewer numbers
    missing: bool = False  # the last vector does not come
    doubled: bool = False  # the first one comes twice, the last never
    changing: bool = False  # each answer has one number more than the one before
    silent: bool = False  # never answers
    dripping: bool = False  # a byte now and then
    endless: bool = False  # a body without end
    cut: bool = False  # half the body
    raw: str = ""  # this body instead
    redirect: str = ""


PRESETS: dict[str, dict[str, Any]] = {
    "page": {"raw": "<!DOCTYPE html><title>Welcome</title>"},
    "junk": {"raw": '{"data": [{"embedding": "???"}, {"embedding": "???"}, {"embedding": "???"}]}'},
    "unlike": {"raw": '{"ok": true}'},
    "empty": {"raw": '{"data": [{"embedding": [], "index": 0}]}'},
    "nan": {"nan": True},
    "nan-number": {"nan": True, "numbers": True},
    "null": {"null": True, "numbers": True},
}


def read_ways(model: str) -> Ways:
    """Read a request's model id."""
    name, *rest = model.split(";")
    wanted: dict[str, Any] = {key: value for key, _, value in (pair.partition("=") for pair in rest)}
    if "statuses" in wanted:
        wanted["statuses"] = wanted["statuses"].split(",")
    return msgspec.convert(PRESETS.get(name, {}) | wanted, Ways, strict=False)


def vector_of(text: str, dimensions: int) -> list[float]:
    """Count the words of a text, each in the place that its hash names: texts that share words are alike."""
    counted = [0.0] * dimensions
    for word in words(text):
        counted[int.from_bytes(blake2b(word.encode(), digest_size=4).digest()) % dimensions] += 1
    length = math.sqrt(sum(each * each for each in counted)) or 1
    return [each / length for each in counted]


def answer(client: socket.socket, body: dict[str, Any], asked_before: int) -> bool:
    """Answer one request; say whether the line may carry another."""
    ways, texts = read_ways(body["model"]), body["input"]
    gevent.sleep(ways.wait_s)
    if ways.silent:
        gevent.sleep(3600)
    status = ways.statuses[asked_before] if asked_before < len(ways.statuses) else 200
    by_bytes = body.get("encoding_format") == "base64"
    if ways.redirect:
        return _send(client, 307, b"", f"Location: {ways.redirect}\r\n")
    if status != 200 or (ways.refuse_bytes and by_bytes):
        more = f"Retry-After: {ways.retry_after}\r\n" if ways.retry_after else ""
        return _send(client, status if status != 200 else 400, _error(ways.message), more)
    if ways.longest and any(len(text) > ways.longest for text in texts):
        return _send(client, 400, _error(f"This model takes {ways.longest} characters."))
    dimensions = ways.dimensions if ways.ignore_dimensions else body.get("dimensions", ways.dimensions)
    found = [vector_of(text, dimensions + ways.changing * asked_before) for text in texts]
    said = ways.raw.encode() or json.dumps({"object": "list", "data": _items(ways, found, by_bytes)}).encode()
    return _play(client, ways, said)


def _items(ways: Ways, found: list[list[float]], by_bytes: bool) -> Sequence[dict[str, Any]]:
    if ways.ragged:
        found[-1] = found[-1][:-1]
    if ways.nan:
        found[-1][0] = math.nan
    written: list[Any] = [
        base64.b64encode(struct.pack(f"<{len(one)}f", *one)).decode()
        if by_bytes and not ways.numbers
        else one
        for one in found
    ]
    if ways.null:
        written[-1][0] = None
    items = [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(written)]
    if ways.missing:
        items.pop()
    if ways.doubled:
        items[-1] = items[0]
    if ways.nameless:
        for item in items:
            del item["index"]
    return items[::-1] if ways.backwards else items


def _play(client: socket.socket, ways: Ways, said: bytes) -> bool:
    if ways.endless:
        client.sendall(b"HTTP/1.1 200 Scripted\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            client.sendall(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
    if ways.dripping or ways.cut:
        client.sendall(b"HTTP/1.1 200 Scripted\r\nContent-Length: %d\r\n\r\n" % len(said))
        if ways.cut:
            client.sendall(said[: len(said) // 2])
            return False
        for byte in said:
            client.sendall(bytes([byte]))
            gevent.sleep(0.05)
        return True
    return _send(client, 200, said)


def _send(client: socket.socket, status: int, body: bytes, more: str = "") -> bool:
    head = f"HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\n{more}"
    client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return True


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "scripted", "code": None}}).encode()
