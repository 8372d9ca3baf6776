"""Vectors of texts, from any OpenAI-compatible `/v1/embeddings`: what comes is checked, number by number.

Whatever the server does ends in EmbeddingError, in words for people, and within the time that it was given.
"""

import base64
import binascii
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gevent
import httpx2
import msgspec
import numpy as np

from chat.core.likeness import STORED, NotNumbers, Rows, unit
from chat.generation.providers.calling import http_client, retry_after, without_secrets
from chat.generation.providers.framing import BadFraming, Unpacker
from chat.generation.providers.quoting import with_quote, without_key

MOST_AT_ONCE = 64  # texts of one request
MOST_NUMBERS = (
    1 << 17
)  # of one answer that is plain JSON: to read them takes some 15 ms, and nobody else's turn
MOST_DIMENSIONS = 8192
NUMBER_BYTES = 26  # of one number in JSON, at most: 17 digits, a sign, an exponent, a comma and blanks
BESIDES_BYTES = 1 << 16  # of an answer, beside its numbers; and of a refusal
MOST_BYTES = MOST_NUMBERS * NUMBER_BYTES + BESIDES_BYTES
LONGEST_NAME = 100  # characters of a model's name
PERHAPS_THE_TEXT = (400, 413, 422)  # what servers say to a text that is too long for the model
# And llama.cpp, and older ones of Ollama's, say 500, which others say when they fail.
TOO_LONG = re.compile(
    r"too (large|long)|exceed|context (length|size)|batch size|maximum.{0,20}(length|tokens)", re.I
)


class EmbeddingError(Exception):
    """There are no vectors. `message` is for people: plain words, no key.

    Codes: `unreachable`, `late`, `refused` (4xx), `busy` (429), `failed` (5xx), `unreadable` (no embeddings),
    `odd` (vectors, but not as they should be). `by_text`: perhaps it is the texts that the server will not
    have. `pause_s`: how long it wants to be left alone.
    """

    def __init__(
        self, code: str, message: str, *, by_text: bool = False, pause_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.by_text = by_text
        self.pause_s = pause_s


class Item(msgspec.Struct):
    """One vector as a server writes it: base64 of float32, or numbers; some do not say which text's it is."""

    embedding: str | list[float]
    index: int | None = None


class Answer(msgspec.Struct):
    data: list[Item]


_read = msgspec.json.Decoder(Answer).decode


class Embeddings:
    """The server that makes vectors. `dimensions`: how many numbers to ask for; 0: as the model has them."""

    def __init__(
        self,
        *,
        address: str,
        key: str,
        model: str,
        dimensions: int = 0,
        proxy: str | None = None,
        tls: ssl.SSLContext | None = None,
        connect_s: float = 10.0,
        now: Callable[[], float],
    ) -> None:
        self.model = model
        self.dimensions = dimensions
        self._address = without_secrets(address).rstrip("/")
        self._url = httpx2.URL(address).copy_with(path=httpx2.URL(address).path.rstrip("/") + "/embeddings")
        self._key = key.strip()
        self._client = http_client(proxy, tls, now)
        self._client.timeout = httpx2.Timeout(None, connect=connect_s or None)
        self._as_bytes = True  # until the server says that it cannot: a quarter of the bytes, and soon read

    def embed(self, texts: Sequence[str], within_s: float) -> Rows:
        """Give the vector of each text, of length 1, in their order; all have as many dimensions.

        Waits `within_s` seconds at most, name look-up and connecting included. Raises EmbeddingError. Any
        greenlet may ask at any time.
        """
        if not 0 < len(texts) <= MOST_AT_ONCE:
            raise ValueError(f"{len(texts)} texts at once")
        wait = gevent.Timeout(within_s)
        try:
            with wait:
                return self._asked(texts)
        except gevent.Timeout as over:
            if over is not wait:
                raise
            raise EmbeddingError(
                "late", f"The embeddings' server at {self._address} did not answer within {within_s:g} s."
            ) from None

    def at_once(self, dimensions: int) -> int:
        """Say how many texts one request may hold, where each becomes so many numbers."""
        return max(1, min(MOST_AT_ONCE, MOST_NUMBERS // max(1, dimensions)))

    def _asked(self, texts: Sequence[str]) -> Rows:
        if self._as_bytes:
            try:
                return self._ask(texts, {"encoding_format": "base64"})
            except EmbeddingError as problem:
                if not problem.by_text:
                    raise
            found = self._ask(texts, {})  # some servers know only numbers, and do not always say so
            self._as_bytes = False
            return found
        return self._ask(texts, {})

    def _ask(self, texts: Sequence[str], more: dict[str, Any]) -> Rows:
        wish = {"model": self.model, "input": list(texts), **more}
        if self.dimensions:
            wish["dimensions"] = self.dimensions
        body = self._post(msgspec.json.encode(wish))
        try:
            items = _read(body).data
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._unreadable() from None
        return self._rows(_in_order(items, len(texts)), len(texts))

    def _post(self, content: bytes) -> bytes:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            with self._client.stream("POST", self._url, content=content, headers=headers) as response:
                if response.status_code != 200:
                    raise self._refusal(response, _whole(response, BESIDES_BYTES) or b"")
                body = _whole(response, MOST_BYTES)
        except (BadFraming, httpx2.RemoteProtocolError):
            raise self._unreadable() from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as broken:
            raise EmbeddingError("unreachable", _unreached(broken, self._address)) from None
        if body is None:
            raise self._odd(f"sent over {MOST_BYTES} bytes")
        return body

    def _rows(self, items: Sequence[Item] | None, count: int) -> Rows:
        """Check what came, so that nothing but finite numbers is stored. Raises EmbeddingError."""
        if items is None:
            raise self._odd(f"did not send one vector for each of {count} texts")
        try:
            rows = [_numbers(item.embedding) for item in items]
        except (binascii.Error, ValueError):
            raise self._unreadable() from None
        sizes = {len(row) for row in rows}
        if len(sizes) != 1 or not 0 < min(sizes) <= MOST_DIMENSIONS:
            raise self._odd(f"sent vectors of {', '.join(map(str, sorted(sizes)[:3]))} numbers")
        if self.dimensions and sizes != {self.dimensions}:
            raise self._odd(f"gives {min(sizes)} numbers, and was asked for {self.dimensions}")
        try:
            return unit(np.stack(rows))
        except NotNumbers:
            raise self._odd("sent numbers that are none (NaN or infinite)") from None

    # ── in words ─────────────────────────────────────────────────────────────────────────────

    def _odd(self, what: str) -> EmbeddingError:
        return EmbeddingError("odd", f"The embeddings' server at {self._address} {what}.")

    def _unreadable(self) -> EmbeddingError:
        text = f"What answered at {self._address} is no embeddings' server, or not at this address."
        return EmbeddingError("unreadable", text)

    def _refusal(self, response: httpx2.Response, body: bytes) -> EmbeddingError:
        status, said = response.status_code, without_key(_said(body), self._key)
        pause_s = retry_after(response.headers)
        by_text = status in PERHAPS_THE_TEXT or (status == 500 and bool(TOO_LONG.search(said)))
        if status == 401:
            return EmbeddingError("refused", "The embeddings' server refused the key (401).")
        if status == 404:
            name = self.model[:LONGEST_NAME]
            text = f"The embeddings' server does not know the model “{name}”, or its address is wrong (404)"
            return EmbeddingError("refused", with_quote(text, said))
        if status == 429:
            text = with_quote("The embeddings' server is busy (429)", said)
            return EmbeddingError("busy", text, pause_s=pause_s)
        if 300 <= status < 400:
            text = f"The embeddings' server sent us to another address ({status}), which is not followed."
            return EmbeddingError("refused", text)
        if status >= 500:
            text = with_quote(f"The embeddings' server failed ({status})", said)
            return EmbeddingError("failed", text, by_text=by_text, pause_s=pause_s)
        text = with_quote(f"The embeddings' server refused the texts ({status})", said)
        return EmbeddingError("refused", text, by_text=by_text)


def _whole(response: httpx2.Response, most: int) -> bytes | None:
    """Read a body to its end; None when it is longer than it may be."""
    unpacker = Unpacker(response.headers.get("content-encoding", ""))
    found, length = list[bytes](), 0
    for piece in _unpacked(response, unpacker):
        length += len(piece)
        if length > most:
            return None
        found.append(piece)
    return b"".join(found)


def _unpacked(response: httpx2.Response, unpacker: Unpacker) -> Iterator[bytes]:
    for piece in response.iter_raw():
        yield from unpacker.feed(piece)


def _in_order(items: list[Item], count: int) -> list[Item] | None:
    """Sort what came by the texts that it is of; None when it is not one of each."""
    if len(items) != count:
        return None
    if all(item.index is None for item in items):
        return items
    by_text = {item.index: item for item in items}
    return [by_text[at] for at in range(count)] if set(by_text) == set(range(count)) else None


def _numbers(said: str | list[float]) -> np.ndarray[Any, Any]:
    """Read one vector. Raises ValueError, binascii.Error."""
    if isinstance(said, str):
        return np.frombuffer(base64.b64decode(said, validate=True), STORED)
    return np.array(said, dtype=np.float64)


def _said(body: bytes) -> str:
    """Find the server's own words in a refusal."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    error = found.get("error", found) if isinstance(found, dict) else None
    text = (error.get("message") or error.get("detail")) if isinstance(error, dict) else error
    return text if isinstance(text, str) else ""


def _unreached(error: Exception, address: str) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The embeddings' server at {address} shows a certificate that is not trusted here."
        cause = cause.__cause__
    return f"The embeddings' server could not be reached at {address}."
