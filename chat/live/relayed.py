"""The bell whose rings cross processes: heard here at once, and elsewhere over a relay chosen by address."""

import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol
from urllib.parse import unquote, urlsplit

import gevent
import structlog
from gevent.event import Event

from chat.live.bell import Bell, Ear, LocalBell
from chat.live.relay_file import FileRelay, ForeignRings
from chat.live.ring_message import ALL

log = structlog.get_logger()

TICK_S = 0.025  # after a message: what is rung meanwhile travels together in the next one
DEAF_S = 0.5  # between two rings for everyone while the line is down: nobody waits longer to look again
RECONNECT_S = (0.2, 1.0)  # a pause, by chance: many processes do not come back at the same instant
MOST_TOPICS = 20_000  # waiting to be sent; beyond it, one ring for all says as much
ENGINES = "engines"  # the one topic that is listened to always


class Relay(Protocol):
    """A way for rings into the other processes."""

    carrier: str  # for people
    url: str  # where it leads; may hold a password, so it is never shown

    def send(self, topics: Sequence[str]) -> None:
        """Tell all other processes. Raises when it cannot."""
        ...

    def receive(self, heard: Callable[[Iterable[str]], None], up: Callable[[], None]) -> None:
        """Run until the line is lost, then raise. `up`: it is open; what was rung before is unknown."""
        ...

    def close(self) -> None:
        """Let `receive` return soon."""
        ...


class RelayedBell(LocalBell):
    """Rings here at once, and in the other processes within a tick. `ring` never waits and never raises.

    While `deaf`, everyone who listens is woken each half second: who waits looks for himself.
    """

    def __init__(self, relay: Relay, awaited: Event | None = None) -> None:
        super().__init__()
        self.relay = relay
        self.deaf = True
        self.rounds = (
            ("rings out", self._send_for_ever),
            ("rings in", self._receive_for_ever),
            ("deafness", self._wake_while_deaf),
        )
        self._awaited = awaited or Event()
        self._outbox: dict[str, None] = {}
        self._work = Event()
        self._silence = Event()
        self._silence.set()
        self._closing = Event()
        self._down = {"in"}
        self._told = False  # that it is down: said once an outage

    def ring(self, topics: Iterable[str]) -> None:
        topics = tuple(topics)
        self.ring_here(topics)
        self._keep(topics)

    def attach(self, ear: Ear) -> None:
        super().attach(ear)
        self._note_listeners()

    def detach(self, ear: Ear) -> None:
        super().detach(ear)
        self._note_listeners()

    def close(self) -> None:
        """End the rounds, within two seconds."""
        self._closing.set()
        self._work.set()
        self._silence.set()
        self.relay.close()

    # ── rounds ───────────────────────────────────────────────────────────────────────────────

    def _send_for_ever(self) -> None:
        while not self._closing.is_set():
            self._work.wait()
            self._work.clear()
            topics, self._outbox = tuple(self._outbox), {}
            if not topics or self._try("out", partial(self.relay.send, topics)):
                self._lift("out")
                self._closing.wait(TICK_S)
            else:
                self._keep(topics)
                self._closing.wait(random.uniform(*RECONNECT_S))
        raise gevent.GreenletExit  # not a death: somebody closed the bell

    def _receive_for_ever(self) -> None:
        while not self._closing.is_set():
            self._try("in", partial(self.relay.receive, self._hear, self._come_back))
            self._closing.wait(random.uniform(*RECONNECT_S))
        raise gevent.GreenletExit

    def _wake_while_deaf(self) -> None:
        while not self._closing.is_set():
            self._silence.wait()
            self.ring_all()
            self._closing.wait(DEAF_S)
        raise gevent.GreenletExit

    def _try(self, line: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except Exception as error:  # noqa: BLE001  the edge of a round: whatever the driver raises, it is tried again
            self._drop(line, error)
            return False
        return True

    # ── what goes and what comes ─────────────────────────────────────────────────────────────

    def _keep(self, topics: Iterable[str]) -> None:
        self._outbox.update(dict.fromkeys(topics))
        if len(self._outbox) > MOST_TOPICS:
            self._outbox = {ALL: None}
        if self._outbox:
            self._work.set()

    def _hear(self, topics: Iterable[str]) -> None:
        topics = tuple(topics)
        if ALL in topics:
            self.ring_all()
        else:
            self.ring_here(topics)

    def _come_back(self) -> None:
        self._lift("in")
        self.ring_all()  # who knows what was rung meanwhile

    def _drop(self, line: str, error: Exception) -> None:
        if self._closing.is_set():
            return
        self._down.add(line)
        self.deaf = True
        self._silence.set()
        if not self._told:
            self._told = True
            log.warning(
                "rings do not cross processes now: readers look twice a second",
                carrier=self.relay.carrier,
                reason=without_password(error, self.relay.url),
            )

    def _lift(self, line: str) -> None:
        self._down.discard(line)
        if self._down or not self.deaf:
            return
        self.deaf = False
        if not self._closing.is_set():
            self._silence.clear()
        if self._told:
            self._told = False
            log.info("rings cross processes again", carrier=self.relay.carrier)

    def _note_listeners(self) -> None:
        if len(self._ears) > (ENGINES in self._ears):
            self._awaited.set()
        else:
            self._awaited.clear()


def without_password(error: Exception, url: str) -> str:
    """Say an error in one line that holds no password of `url`."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    for secret in {urlsplit(url).password or "", unquote(urlsplit(url).password or "")} - {""}:
        said = said.replace(secret, "…")
    return said


def relay_to(database_url: str, redis_url: str | None = None) -> Relay | None:
    """Choose the way for rings into other processes: Redis, else PostgreSQL; None: the file itself.

    The drivers are loaded here: who needs neither starts sooner.
    """
    if redis_url:
        from chat.live.relay_redis import RedisRelay

        return RedisRelay(redis_url)
    if database_url.startswith("postgresql"):
        from chat.live.relay_postgres import PostgresRelay

        return PostgresRelay(database_url)
    return None


def open_bell(database_url: str, redis_url: str | None = None, foreign: ForeignRings | None = None) -> Bell:
    """Make the bell whose rings go where they can; `foreign`: what an SQLite file is watched with."""
    relay = relay_to(database_url, redis_url)
    if relay is not None:
        return RelayedBell(relay)
    if foreign is None:
        return LocalBell()
    awaited = Event()
    return RelayedBell(FileRelay(foreign, awaited), awaited)
