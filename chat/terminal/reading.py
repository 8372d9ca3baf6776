"""One answer, read to its end: whatever happens to the line, each byte comes once and in its place."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chat.core.sse import SseMessage
from chat.terminal.client import Client, Refused, Unreachable, path_of

LONGEST_WAIT_S = 5.0  # between two tries
GIVE_UP_S = 120.0  # without a word from the server
AGAIN = frozenset({408, 429, 500, 502, 503, 504})  # statuses after which another try may help


class Lost(Exception):
    """The server has been away for too long; the answer goes on there without us."""


class Gap(Exception):
    """Something was missed: to be asked for again from where we stand."""


@dataclass(frozen=True)
class Text:
    """What comes next."""

    text: str


@dataclass(frozen=True)
class Withdrawn:
    """The last so many bytes that came are not part of the answer: a takeover wrote something else."""

    size: int


@dataclass(frozen=True)
class Ended:
    """What became of the answer; None for the status: it is gone, or not ours to read any more."""

    status: str | None
    error: dict[str, Any] | None = None
    finish_reason: str | None = None


class Tries:
    """How long to wait before the next try, and when to give up."""

    def __init__(self) -> None:
        self.worked()

    def worked(self) -> None:
        """The server said something."""
        self._failures, self._last = 0, time.monotonic()

    def wait(self, at_least: float = 0.0) -> None:
        """Wait a little longer each time. Raises Lost."""
        if time.monotonic() - self._last > GIVE_UP_S:
            raise Lost
        usual = min(LONGEST_WAIT_S, 0.1 * 2**self._failures) * random.uniform(0.5, 1)
        self._failures += 1
        time.sleep(max(usual, min(at_least, 60.0)))


class Reading:
    """An answer from its first byte on. `every_token`: as the model writes it, which may be withdrawn again;
    otherwise as it is stored, which never is.
    """

    def __init__(self, client: Client, stream_id: str, *, every_token: bool) -> None:
        self.client = client
        self.stream_id = stream_id
        self.every_token = every_token
        self.length = 0
        self._epoch: int | None = None
        self._tries = Tries()

    def drive(self) -> Iterator[Text | Withdrawn | Ended]:
        """Start the answer, and give its pieces until the end. Raises Refused, Lost."""
        try:
            with self.client.open("POST", path_of("streams", self.stream_id)) as line:
                # Started is all that a reader of the stored text wants of it.
                for event in line.events() if self.every_token else ():
                    yield from self._take(event)
                    if event.event in ("end", "close"):
                        return
        except (Unreachable, Gap):
            pass
        except Refused as refused:
            if refused.status not in AGAIN:
                raise
        yield from self.follow()

    def follow(self) -> Iterator[Text | Withdrawn | Ended]:
        """Give the pieces from where we stand until the end, over as many lines as it takes."""
        while True:
            pause = 0.0
            try:
                with self.client.open("GET", self._address()) as line:
                    for event in line.events():
                        self._tries.worked()
                        yield from self._take(event)
                        if event.event in ("end", "close"):
                            return
            except (Unreachable, Gap):
                pass
            except Refused as refused:
                yield from self._step_back(refused)
                pause = float(refused.more.get("retry_after", 0))
            self._tries.wait(pause)

    def _address(self) -> str:
        pace = "delta" if self.every_token else None
        return path_of("streams", self.stream_id, "events", offset=self.length, epoch=self._epoch, pace=pace)

    def _take(self, event: SseMessage) -> Iterator[Text | Withdrawn | Ended]:
        if event.event == "close":
            yield Ended(None)
        if event.event not in ("delta", "chunk", "rewind", "end"):
            return  # a ping, or new to us
        data = json.loads(event.data)
        if event.event != "rewind" and data["offset"] > self.length:
            raise Gap
        self._epoch = data["epoch"]
        if event.event in ("delta", "chunk"):
            new = data["text"].encode()[self.length - data["offset"] :]  # what we have already comes once
            self.length += len(new)
            if new:
                yield Text(new.decode())
            return
        yield from self._cut(data["offset"])
        if event.event == "end":
            yield Ended(data["status"], data["error"], data["finish_reason"])

    def _cut(self, offset: int) -> Iterator[Withdrawn]:
        if offset < self.length:
            surplus, self.length = self.length - offset, offset
            yield Withdrawn(surplus)

    def _step_back(self, refused: Refused) -> Iterator[Withdrawn]:
        """Go back to where the server says that the text goes on. Raises what no step back helps with."""
        length = refused.more.get("length")
        if refused.code in ("bad_offset", "bad_epoch"):
            length, self._epoch = 0, None
        elif refused.status not in AGAIN and length is None:
            raise refused
        if length is not None:
            self._epoch = refused.more.get("epoch", self._epoch)
            yield from self._cut(int(length))


def first(tries: Tries, ask: Callable[[], Any]) -> Any:
    """Ask until somebody answers; only for what does no harm when it arrives twice."""
    while True:
        try:
            return ask()
        except Unreachable:
            tries.wait()
        except Refused as refused:
            if refused.status != 503:
                raise
            tries.wait(float(refused.more.get("retry_after", 0)))
