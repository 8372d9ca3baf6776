"""Readers that come back: each one keeps a copy of a stream over any number of cut lines, and counts."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import gevent

from tests.person import Person
from tests.reading import Event, LineClosed, SseReader

RETRY_S = 0.05


@dataclass
class Reader:
    """One reader of one stream. Who drives it, or names a pace, reads the tape; others what is stored."""

    person: Person
    stream_id: str
    whole: bytes  # what the provider says in all
    drives: bool = False
    pace: str = ""
    data: bytes = b""
    epoch: int = 0
    end: dict[str, Any] | None = None
    broken: list[str] = field(default_factory=list)
    lost: int = 0  # bytes that were missing, or taken back from who was shown them as stored
    doubled: int = 0
    rewinds: int = 0
    arrivals: list[tuple[float, int]] = field(default_factory=list)  # (time.time, length so far)
    lines: int = 0  # how often it connected
    statuses: Counter[int | str] = field(default_factory=Counter)  # of those that were not 200; "refused"
    last_id: str | None = None
    left: bool = False

    @property
    def is_viewer(self) -> bool:
        return not (self.drives or self.pace)

    def start(self) -> "gevent.Greenlet[None]":
        self.greenlet = gevent.spawn(self.run)
        return self.greenlet

    def run(self) -> None:
        """Read to the end, coming back as often as the line breaks."""
        while self.end is None and not self.broken and not self.left:
            try:
                self._read()
            except (LineClosed, ConnectionError, TimeoutError) as error:
                self.statuses["refused" if isinstance(error, ConnectionRefusedError) else "cut"] += 1
            gevent.sleep(RETRY_S)

    def _read(self) -> None:
        events = self._connect()
        self.lines += 1
        if events.response.status != 200:
            self.statuses[events.response.status] += 1
            events.close()
            gevent.sleep(RETRY_S * 4)
            return
        try:
            for event in events:
                self.last_id = events.last_id or self.last_id
                self._take(event)
                if self.end is not None or self.broken or self.left:
                    return
        finally:
            events.close()

    def _connect(self) -> SseReader:
        if self.drives and not self.lines:
            return self.person.drive_events(self.stream_id)
        query = {"pace": "delta"} if self.drives or self.pace else {}
        return self.person.follow(self.stream_id, last_id=self.last_id, **query)

    def _take(self, event: Event) -> None:
        if event.name in ("delta", "chunk"):
            self._append(event.data["offset"], event.data["text"].encode())
            self.epoch = event.data["epoch"]
        elif event.name == "rewind":
            self._rewind(event.data["offset"])
            self.epoch = event.data["epoch"]
        elif event.name == "end":
            self.end = event.data
            if event.data["offset"] != len(self.data):
                self._break(f"the end is at {event.data['offset']}, this reader at {len(self.data)}")

    def _append(self, offset: int, text: bytes) -> None:
        self.lost += max(0, offset - len(self.data))
        self.doubled += max(0, len(self.data) - offset)
        if offset != len(self.data):
            self._break(f"at {len(self.data)} came {len(text)} bytes for {offset}")
        elif self.whole[offset : offset + len(text)] != text:
            self._break(f"at {offset} came other text than the provider's: {text[:80]!r}")
        self.data += text
        self.arrivals.append((time.time(), len(self.data)))

    def _rewind(self, offset: int) -> None:
        self.rewinds += 1
        cut = len(self.data) - offset
        if cut < 0:
            self._break(f"told to rewind to {offset}, at {len(self.data)}")
        elif self.is_viewer:
            self.lost += cut
            self._break(f"a viewer had to give back {cut} bytes that were shown as stored")
        self.data = self.data[:offset]

    def _break(self, what: str) -> None:
        kind = "viewer" if self.is_viewer else "tape reader"
        self.broken.append(f"{kind} of {self.stream_id}, epoch {self.epoch}, line {self.lines}: {what}")
