"""Bodies that are files: read as they come, up to a limit, be they the body itself or parts of a form."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gevent
import gevent.socket
from flask import request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import ClientDisconnected
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.wsgi import get_input_stream

from chat.web.errors import ApiError, TooLarge
from chat.web.house import house
from chat.web.spool import Spool

STEP = 256 << 10  # bytes that are read at once
LET_OTHERS_S = 0.001  # after each step: a client may send faster than we read, and 0 looks at no socket
AROUND = 64 << 10  # bytes of a form besides its files
MOST_PARTS = 100
FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: what it was called there, and its bytes."""

    name: str
    spool: Spool


@dataclass(frozen=True, slots=True)
class Said:
    """A field of the form around files."""

    field: str
    text: str


def is_form() -> bool:
    """Say whether the body is a form with files, rather than a file."""
    return request.mimetype == FORM


def refuse_large(most: int) -> None:
    """Refuse a body that says it is larger than a file may be, before any of it is read. Raises TooLarge."""
    room = most + AROUND if is_form() else most
    if most and (request.content_length or 0) > room:
        raise too_large(most)


def too_large(most: int) -> TooLarge:
    """Make the answer for a file of more bytes than that."""
    return TooLarge(f"A document may have at most {said_size(most)}.")


def said_size(size: int) -> str:
    """Say a number of bytes as people do."""
    for unit, bytes_of_it in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if size >= bytes_of_it:
            return f"{size / bytes_of_it:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} byte{'' if size == 1 else 's'}"


def read_file(name: str, most: int) -> Upload:
    """Read a body that is a file. Raises ApiError (400 when it ends early, 413)."""
    spool = Spool()
    try:
        for data in _steps():
            _write(spool, data, most)
    except BaseException:
        spool.close()
        raise
    return Upload(name, spool)


def read_form(most: int) -> Iterator[Upload | Said]:
    """Read a form with files, part by part; each file is let go of when the next part is asked for.

    `most`: bytes of each file. Raises ApiError (400, 413) where something is wrong, perhaps after some parts.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary:
        raise _no_form()
    try:
        yield from _parts(boundary.encode("ascii"), most)
    except ValueError as unreadable:
        raise _no_form() from unreadable


def _parts(boundary: bytes, most: int) -> Iterator[Upload | Said]:
    decoder = MultipartDecoder(boundary, max_form_memory_size=4 * STEP, max_parts=MOST_PARTS)
    part: File | Field | None = None
    spool = Spool()
    try:
        for data in _steps():
            decoder.receive_data(data)
            while not isinstance(event := decoder.next_event(), NeedData):
                if isinstance(event, File | Field):
                    spool.close()
                    part, spool = event, Spool()
                elif isinstance(event, Data) and part is not None:
                    _write(spool, event.data, most if isinstance(part, File) else AROUND)
                    if not event.more_data:
                        yield _whole(part, spool)
        decoder.receive_data(None)
        if not isinstance(decoder.next_event(), Epilogue):
            raise _no_form()
    finally:
        spool.close()


def _whole(part: File | Field, spool: Spool) -> Upload | Said:
    if isinstance(part, File):
        return Upload(part.filename, spool)
    return Said(part.name or "", spool.content().decode("utf-8", "replace"))


def _write(spool: Spool, data: bytes, most: int) -> None:
    if most and spool.size + len(data) > most:
        raise too_large(most)
    spool.write(data)


# ── the body ─────────────────────────────────────────────────────────────────────────────────


def _steps() -> Iterator[bytes]:
    """Give the body as it comes. Raises ApiError when its sender goes, or is silent for too long."""
    request.form = ImmutableMultiDict()  # or whoever asks for a field would read on in what is taken here
    stream = get_input_stream(request.environ)
    expected, got = request.content_length, 0
    with _patience(request.environ, house().settings.stalled_client_s):
        while data := _read(stream):
            got += len(data)
            yield data
            gevent.sleep(LET_OTHERS_S)
    if expected is not None and got < expected:
        raise _ended_early()


def _read(stream: Any) -> bytes:
    try:
        data: bytes = stream.read(STEP)
    except (OSError, ClientDisconnected) as gone:  # silence is an OSError, too
        raise _ended_early() from gone
    return data


@contextmanager
def _patience(environ: Mapping[str, Any], stalled_s: float) -> Iterator[None]:
    """Let a read from the plain socket below fail when nothing at all comes for so long (0: never)."""
    sock: Any = environ.get("gunicorn.socket")
    if type(sock) is not gevent.socket.socket:
        yield
        return
    before = sock.gettimeout()
    sock.settimeout(stalled_s or None)
    try:
        yield
    finally:
        sock.settimeout(before)


def _ended_early() -> ApiError:
    return ApiError("ended_early", 400, "The file did not arrive whole. Send it again.")


def _no_form() -> ApiError:
    return ApiError("bad_request", 400, "The form could not be read.")
