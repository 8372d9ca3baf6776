"""Has documents read by a process of its own: confined, without secrets, gone with whoever waits for it."""

import json
import os
import signal
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from io import FileIO
from typing import Any
from weakref import WeakValueDictionary

import gevent
from gevent.lock import BoundedSemaphore
from gevent.os import make_nonblocking, nb_read, nb_write

from chat.extraction.limits import Limits
from chat.extraction.unreadable import Unreadable
from chat.generation.clock import monotonic

Message = dict[str, Any]

LOOKS_AT_ONCE = 2  # in one process, and one of each person: who adds many documents waits
LOOK_S = 20.0  # at most, to see whether a document can be opened; and to wait for room to do so
PIECE = 64 << 10  # bytes through a pipe at once: no step of this holds the hub for long
LET_OTHERS_S = 0.001  # after a full one: who reads may write faster than we take, and 0 looks at no socket
LONGEST_LINE = 1 << 20  # bytes of one message
REAPED_AFTER_S = (0, 0.002, 0.005, 0.01, 0.05, *[0.1] * 50)
KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "PYTHONHOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
)  # of the environment: no secrets
IGNORED = (
    signal.SIGPIPE,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGCHLD,
)  # here perhaps; there each has its use

TOO_SLOW = "Reading this document took longer than is allowed. Split it, and add its parts."
CRASHED = "Reading this document did not come to an end. It may be damaged."

_room = BoundedSemaphore(LOOKS_AT_ONCE)
_turns: WeakValueDictionary[str, BoundedSemaphore] = WeakValueDictionary()  # by person


def inspect(kind: str, pieces: Iterable[bytes], limits: Limits, person_id: str = "") -> int | None:
    """See that a document can be opened, and give its pages where its kind has some.

    Text, Markdown and HTML always can. Takes LOOK_S at most, after as long a wait: where others' documents
    leave no room until then it is not looked at, and its reading tells. Raises Unreadable, and what `pieces`
    raises.
    """
    if kind not in ("pdf", "docx"):
        return None
    turn = _turns.setdefault(person_id, BoundedSemaphore(1))
    with _within(LOOK_S, turn, _room) as has_room:
        return _looked_at(kind, pieces, limits) if has_room else None


@contextmanager
def _within(seconds: float, *locks: BoundedSemaphore) -> Iterator[bool]:
    """Hold all of these, one after another; False where they are not free in time."""
    until, held = monotonic() + seconds, list[BoundedSemaphore]()
    try:
        for lock in locks:
            if not lock.acquire(timeout=max(0.0, until - monotonic())):
                break
            held.append(lock)
        yield len(held) == len(locks)
    finally:
        for lock in held:
            lock.release()


def _looked_at(kind: str, pieces: Iterable[bytes], limits: Limits) -> int | None:
    seconds = min(LOOK_S, limits.seconds) or LOOK_S
    with closing(_messages("--inspect", kind, pieces, limits, seconds)) as messages:
        for message in messages:
            if "done" in message:
                pages: int | None = message["done"]["pages"]
                return pages
    raise Unreadable("crashed", CRASHED)


def read(kind: str, pieces: Iterable[bytes], limits: Limits) -> Generator[Message, None, None]:
    """Give what a process tells that reads this document: `passage`s, `progress` (percent), at last `done`.

    Raises Unreadable, and what `pieces` raises. However this ends (closed, thrown into, killed), the process
    ends too. The hub is never held. `limits.seconds` count while this waits, not what is done with messages.
    """
    yield from _messages("--read", kind, pieces, limits, limits.seconds)


def _messages(
    what: str, kind: str, pieces: Iterable[bytes], limits: Limits, seconds: float
) -> Generator[Message, None, None]:
    reader = Reader(what, kind, limits)
    try:
        feeder = gevent.spawn(reader.feed, pieces)
        try:
            for line in reader.lines(seconds):
                message = _told(line)
                yield message
                if "done" in message:
                    return
        finally:
            feeder.kill()
        raise reader.trouble or Unreadable("crashed", CRASHED)
    finally:
        reader.close()


def _told(line: bytes) -> Message:
    """Read a line of whoever reads. Raises Unreadable."""
    try:
        message: Message = json.loads(line)
        error = Unreadable(**message["error"]) if "error" in message else None
    except (ValueError, TypeError) as odd:
        raise Unreadable("crashed", CRASHED, repr(odd)[:300]) from odd
    if error:
        raise error
    return message


class Reader:
    """A process that reads one document; `close` ends it, whatever it is doing."""

    def __init__(self, what: str, kind: str, limits: Limits) -> None:
        self.trouble: Exception | None = None  # of whoever should have given the original
        # Closed as files are: gevent's `os.close` waits for the hub to be busy with something else.
        its_input, self._input = _pipe()
        self._output, its_output = _pipe()
        with its_input, its_output:
            try:
                self._pid = _spawn(what, kind, limits, its_input.fileno(), its_output.fileno())
            except BaseException:
                self._input.close()
                self._output.close()
                raise
        make_nonblocking(self._input.fileno())
        make_nonblocking(self._output.fileno())

    def feed(self, pieces: Iterable[bytes]) -> None:
        """Give it the original, at its pace."""
        try:
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    rest = rest[nb_write(self._input.fileno(), rest[:PIECE]) :]
        except BrokenPipeError:
            pass  # it knows enough already; what it knows, it says
        except Exception as trouble:  # noqa: BLE001  raised again where the messages are taken
            self.trouble = trouble
            self._end()
        finally:
            self._input.close()

    def lines(self, seconds: float) -> Generator[bytes, None, None]:
        """Give what it writes, line by line. Raises Unreadable after `seconds` of waiting; 0 is never."""
        rest, waited = b"", 0.0
        while True:
            got, began = None, monotonic()
            with gevent.Timeout(max(0.001, seconds - waited) if seconds else None, False):
                got = nb_read(self._output.fileno(), PIECE)
            waited += monotonic() - began
            if got is None:
                raise Unreadable("too_slow", TOO_SLOW)
            if not got or len(rest) > LONGEST_LINE:
                return
            *whole, rest = (rest + got).split(b"\n")
            yield from whole
            if len(got) == PIECE:
                gevent.sleep(LET_OTHERS_S)

    def close(self) -> None:
        """End it, and let nothing of it stay. Doing it twice is harmless."""
        self._end()
        self._input.close()
        self._output.close()
        if self._pid:
            gevent.spawn(_reap, self._pid)
            self._pid = 0

    def _end(self) -> None:
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)


def _pipe() -> tuple[FileIO, FileIO]:
    reading, writing = os.pipe()
    return FileIO(reading, "r"), FileIO(writing, "w")


def _spawn(what: str, kind: str, limits: Limits, its_input: int, its_output: int) -> int:
    """Start the process; give its id. Raises OSError.

    Not by a fork: this process may be large, and threads of it hold locks. In a group of its own: Ctrl-C is
    for the server, which decides what becomes of its readers.
    """
    command = [sys.executable, "-X", "utf8", "-m", "chat.extraction", what, kind]
    return os.posix_spawn(
        sys.executable,
        [*command, "--limits", limits.to_argument(), "--parent", str(os.getpid())],
        _environment(),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, its_input, 0),
            (os.POSIX_SPAWN_DUP2, its_output, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        setpgroup=0,
        setsigmask=(),
        setsigdef=IGNORED,
    )


def _environment() -> dict[str, str]:
    """Give what it needs to find the same modules, and nothing that anybody else may not know."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}


def _reap(pid: int) -> None:
    """Take note of a process's end, so that the system may forget it."""
    for pause in REAPED_AFTER_S:
        gevent.sleep(pause)
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
        except ChildProcessError:
            return  # somebody else did
