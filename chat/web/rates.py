"""Rates: how often one address, person or account may do something in a minute; Redis counts for all."""

import math
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

import structlog
from flask import request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from chat.config import Settings
from chat.generation.clock import monotonic, wall
from chat.web.errors import RateLimited

log = structlog.get_logger()

PATIENCE_S = 0.5  # with Redis; who is away counts nothing
AWAY_S = 5.0  # in which a Redis that did not answer is not asked again: every question would wait for it
HOUSEHOLD = 64  # bits of an IPv6 address that one connection to the Internet has to itself


class Rate:
    """At most so many a minute for each key; 0: no limit.

    Counted at Redis for all processes, and in this one alone where there is none or it does not answer.
    """

    def __init__(self, name: str, a_minute: int, redis_url: str | None = None) -> None:
        self._name = name
        self._item: RateLimitItem | None = RateLimitItemPerMinute(a_minute) if a_minute else None
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._everywhere = MovingWindowRateLimiter(_at_redis(redis_url)) if redis_url else self._here
        self._away_until = 0.0

    def count(self, key: str) -> None:
        """Count one for this key. Raises RateLimited, with the seconds to wait, when it is one too many."""
        if self._item is None:
            return
        frees_at = self._count_somewhere(self._item, key)
        if frees_at is not None:
            raise RateLimited(max(1, math.ceil(frees_at - wall())))

    def _count_somewhere(self, item: RateLimitItem, key: str) -> float | None:
        if monotonic() < self._away_until:
            return self._count(self._here, item, key)
        try:
            return self._count(self._everywhere, item, key)
        except StorageError:
            log.warning("rates are counted in this process alone: Redis is away", rate=self._name)
            self._away_until = monotonic() + AWAY_S
            return self._count(self._here, item, key)

    def _count(self, limiter: MovingWindowRateLimiter, item: RateLimitItem, key: str) -> float | None:
        """Count one; give the time when there is room again if there was none."""
        if limiter.hit(item, self._name, key):
            return None
        return float(limiter.get_window_stats(item, self._name, key).reset_time)


@dataclass(frozen=True, slots=True)
class Rates:
    """All rates of the house. What is counted by two keys has a count for each."""

    session: Rate  # new people, by address
    login: Rate  # attempts, by address and by account
    ask: Rate  # questions, by person
    ask_address: Rate  # questions, by address
    conversation: Rate  # begun without a question, by person and by address
    upload: Rate  # documents, by person

    def count_login(self, account: str) -> None:
        """Count an attempt at this account, from this request's address. Raises RateLimited."""
        self.login.count(f"from {caller_address()}")
        self.login.count(f"at {account}")

    def count_question(self, person_id: str) -> None:
        """Count a question of this person, from this request's address. Raises RateLimited."""
        self.ask.count(person_id)
        self.ask_address.count(caller_address())

    def count_conversation(self, person_id: str) -> None:
        """Count a conversation that this person begins. Raises RateLimited.

        From one address as many may come as questions, and they are counted apart: who begins one, asks.
        """
        self.conversation.count(person_id)
        self.ask_address.count(f"begun from {caller_address()}")


def open_rates(settings: Settings) -> Rates:
    """Make the rates that the settings ask for."""

    def rate(name: str, a_minute: int) -> Rate:
        return Rate(name, a_minute, settings.redis_url)

    return Rates(
        session=rate("session", settings.session_rate),
        login=rate("login", settings.login_rate),
        ask=rate("ask", settings.ask_rate),
        ask_address=rate("ask-address", settings.ask_address_rate),
        conversation=rate("conversation", settings.conversation_rate),
        upload=rate("upload", settings.upload_rate),
    )


def caller_address() -> str:
    """Name where this request comes from; of IPv6 the network, for its other half is anybody's to choose."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> HOUSEHOLD << HOUSEHOLD))
    return str(address)


def _at_redis(url: str) -> RedisStorage:
    address = f"redis+{url}" if url.startswith("unix:") else url
    patience: dict[str, Any] = {"socket_timeout": PATIENCE_S, "socket_connect_timeout": PATIENCE_S}
    return RedisStorage(address, wrap_exceptions=True, key_prefix="headwater:rate", **patience)
