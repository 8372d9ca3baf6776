"""What a row stands on: the provider, databases, servers, people, chance, and a folder for evidence."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent

from tests.person import Person
from tests.server import RealServer
from tests.services import Postgres, Redis, fresh_database, fresh_keys
from torture.database import Database
from torture.provider import Provider

# What tortures one person with sign-ins and questions from one address must not measure the limiter.
LIMITS = ("SESSION_RATE", "CONVERSATION_RATE", "ASK_RATE", "ASK_ADDRESS_RATE", "LIVE_ANSWERS")
UNLIMITED = {f"CHAT_{name}": "0" for name in LIMITS}


class TooLate(Exception):
    """What had to become true did not, within its time."""


@dataclass
class Services:
    """One PostgreSQL and one Redis for all rows; a row that ends or pauses one starts its own."""

    stack: ExitStack
    _postgres: Postgres | None = None
    _redis: Redis | None = None

    @property
    def postgres(self) -> Postgres:
        if self._postgres is None:
            self._postgres = self.stack.enter_context(Postgres(durable=True))
        return self._postgres

    @property
    def redis(self) -> Redis:
        if self._redis is None:
            self._redis = self.stack.enter_context(Redis())
        return self._redis


@dataclass
class Ground:
    """One row's ground; everything that it starts is gone when the row is over."""

    folder: Path
    provider: Provider
    services: Services
    chance: random.Random
    patience: float = 1.0  # times as long as is promised may things take
    stack: ExitStack = field(default_factory=ExitStack)
    servers: list[RealServer] = field(default_factory=list)

    def addresses(self, database: str) -> dict[str, str]:
        """Name a fresh database: `sqlite` (the server's own file), `postgresql` or `postgresql+redis`."""
        found = {}
        if database.startswith("postgresql"):
            url = self.stack.enter_context(fresh_database(self.services.postgres.address))
            found["DATABASE_URL"] = url
        if database.endswith("+redis"):
            found["REDIS_URL"] = self.stack.enter_context(fresh_keys(self.services.redis.address))
        return found

    def server(self, workers: int = 2, app: str = "app:app", **environment: str) -> RealServer:
        """Start a server with so many workers, all of them ready; `addresses` goes into its environment."""
        folder = self.folder / f"server{len(self.servers)}"
        folder.mkdir()
        server = RealServer(
            folder,
            app,
            WEB_CONCURRENCY=str(workers),
            OPENAI_BASE_URL=self.provider.url,
            OPENAI_API_KEY="scripted",
            **UNLIMITED | environment,
        )
        server.forked = False  # started as it is anywhere else, at its own cost
        self.servers.append(server)
        self.stack.callback(server.kill)
        server.start()
        server.wait_for_workers()
        return server

    def person(self, server: RealServer) -> Person:
        return Person.sign_in(server.url, "Ada")

    def database(self, server: RealServer) -> Database:
        return Database(server.environment["DATABASE_URL"])

    def model(self) -> str:
        """Name a model that no other question of this run has."""
        return f"m{self.chance.getrandbits(48):012x}"

    def sleep(self, least: float, most: float) -> None:
        """Wait until a random moment."""
        gevent.sleep(self.chance.uniform(least, most))


def until(true: Callable[[], Any], seconds: float, what: str, every: float = 0.02) -> Any:
    """Ask again and again until it is true; returns what was. Raises TooLate."""
    end = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > end:
            raise TooLate(f"not within {seconds:g} s: {what}")
        gevent.sleep(every)
    return found


@contextmanager
def laid_out(
    folder: Path, provider: Provider, services: Services, seed: str, patience: float
) -> Iterator[Ground]:
    """Make the ground of one row; its chance comes from the seed alone."""
    folder.mkdir(parents=True)
    ground = Ground(folder, provider, services, random.Random(seed), patience)
    with ground.stack:
        yield ground
