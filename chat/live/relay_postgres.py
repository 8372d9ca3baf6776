"""Rings over PostgreSQL: LISTEN and NOTIFY, on two connections of their own."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import psycopg
from gevent.socket import wait_read

from chat.addresses import libpq
from chat.lines import cut_after
from chat.live.ring_message import pack, unpack

CHANNEL = "headwater"
MOST_BYTES = 7500  # of a payload; PostgreSQL's own limit is 8000
ANSWER_S = 2.0  # for an answer; then the line counts as dead
# One statement, so one commit: NOTIFY takes a lock that all committing transactions share.
NOTIFY = "SELECT pg_notify(%s, message) FROM unnest(%s::text[]) AS message"


class PostgresRelay:
    """Carries rings between all processes on one PostgreSQL database. Not through a transaction pooler."""

    health_s = 2.0  # of silence, after which the line is asked whether it lives
    carrier = "PostgreSQL"

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        self._out: psycopg.Connection | None = None
        self._closed = False

    @cached_property
    def sender(self) -> str:
        """This process's name on the line; made at its first use, which is after the fork."""
        return secrets.token_hex(6)

    def send(self, topics: Sequence[str]) -> None:
        """Tell all other processes. Raises when the line is away."""
        messages = list(pack(self.sender, topics, MOST_BYTES))
        if self._out is not None:
            try:
                self._notify(self._out, messages)
                return
            except psycopg.Error:  # it may only be old: the server restarted since
                self._out = None
        line = self._connect()
        self._notify(line, messages)
        self._out = line

    def receive(self, heard: Callable[[Iterable[str]], None], up: Callable[[], None]) -> None:
        """Hear the others until the line is lost, then raise; `up` is called once it is open."""
        line = self._connect()
        try:
            line.add_notify_handler(lambda note: heard(unpack(self.sender, note.payload)))
            self._ask(line, f"LISTEN {CHANNEL}")
            up()
            while not self._closed:
                try:
                    wait_read(line.fileno(), timeout=self.health_s)
                except TimeoutError:
                    self._ask(line, "SELECT 1")
                    continue
                line.pgconn.consume_input()
                while (note := line.pgconn.notifies()) is not None:
                    heard(unpack(self.sender, note.extra.decode()))
        finally:
            line.close()

    def close(self) -> None:
        """Hear no more, within the time of one health question, and send nothing more."""
        self._closed = True
        line, self._out = self._out, None
        if line is not None:
            line.close()

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            libpq(self.url),
            autocommit=True,
            connect_timeout=3,
            application_name="headwater rings",
            keepalives=1,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=5000,
        )

    def _notify(self, line: psycopg.Connection, messages: list[str]) -> None:
        try:
            self._ask(line, NOTIFY, (CHANNEL, messages))
        except psycopg.Error:
            line.close()
            raise

    def _ask(self, line: psycopg.Connection, question: str, values: Any = None) -> None:
        with cut_after(ANSWER_S, line):
            line.execute(question, values)
