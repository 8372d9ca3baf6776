"""How far readers are behind the provider, whose tokens say when they were sent."""

import time
from dataclasses import dataclass, field

import gevent

from tests.person import Person
from tests.reading import LineClosed
from torture.ground import Ground

PACE = 50.0


@dataclass
class Lags:
    """Answers made of times; seconds behind of those who drive, and of those who view what is stored."""

    driving: list[float] = field(default_factory=list)
    viewing: list[float] = field(default_factory=list)
    _readers: list["gevent.Greenlet[None]"] = field(default_factory=list)

    def drive(self, person: Person, stream_id: str) -> None:
        """Read the plain text as it comes."""
        rest = b""
        with person.drive(stream_id) as response:
            while data := response.read():
                rest = self._note(self.driving, rest + data)

    def view(self, person: Person, stream_id: str) -> None:
        rest = b""
        for event in person.follow(stream_id):
            if event.name in ("chunk", "delta"):
                rest = self._note(self.viewing, rest + event.data["text"].encode())

    def _note(self, lags: list[float], text: bytes) -> bytes:
        """Read the times in it; what may be half a time is given back."""
        now = time.time()
        whole, _, rest = text.rpartition(b" ")
        lags += [now - int(stamp) / 1e6 for stamp in whole.split()]
        return b" " + rest if rest else b""

    def start(self, ground: Ground, person: Person, count: int, seconds: float) -> None:
        """Begin so many answers, each read by its driver and one viewer."""
        model = f"stamped;stamp=true;pace={PACE:g};tokens={int(seconds * PACE)}"
        for _ in range(count):
            stream_id = person.ask(model=model).stream_id
            self._readers.append(gevent.spawn(self.drive, person, stream_id))
            gevent.sleep(0.02)
            self._readers.append(gevent.spawn(self.view, person, stream_id))

    def finish(self, timeout: float) -> None:
        """Wait for the ends. Raises LineClosed when an answer has none by then."""
        gevent.joinall(self._readers, timeout=timeout, raise_error=True)
        if not all(reader.ready() for reader in self._readers):
            raise LineClosed("an answer had no end")


def p99(values: list[float]) -> float:
    """The value below which 99 in 100 lie, in milliseconds."""
    ordered = sorted(values)
    return ordered[int(len(ordered) * 0.99)] * 1000
