"""Rates: how often one address may do something, counted at Redis for all processes, else in this one."""

import math
from typing import Any

import structlog
from flask import request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from chat.generation.clock import wall
from chat.web.errors import RateLimited

log = structlog.get_logger()

PATIENCE_S = 0.5  # with Redis; who is away counts nothing


class Rate:
    """At most so many a minute from one address; 0: no limit."""

    def __init__(self, name: str, a_minute: int, redis_url: str | None = None) -> None:
        self._name = name
        self._item: RateLimitItem | None = RateLimitItemPerMinute(a_minute) if a_minute else None
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._everywhere = MovingWindowRateLimiter(_at_redis(redis_url)) if redis_url else self._here

    def count(self) -> None:
        """Count this request. Raises RateLimited, with the seconds to wait, when it is one too many."""
        if self._item is None:
            return
        try:
            frees_at = self._count(self._everywhere, self._item)
        except StorageError:
            log.warning("rates are counted in this process alone: Redis is away")
            frees_at = self._count(self._here, self._item)
        if frees_at is not None:
            raise RateLimited(max(1, math.ceil(frees_at - wall())))

    def _count(self, limiter: MovingWindowRateLimiter, item: RateLimitItem) -> float | None:
        """Count one; give the time when there is room again if there was none."""
        address = request.remote_addr or "unknown"
        if limiter.hit(item, self._name, address):
            return None
        return float(limiter.get_window_stats(item, self._name, address).reset_time)


def _at_redis(url: str) -> RedisStorage:
    address = f"redis+{url}" if url.startswith("unix:") else url
    patience: dict[str, Any] = {"socket_timeout": PATIENCE_S, "socket_connect_timeout": PATIENCE_S}
    return RedisStorage(address, wrap_exceptions=True, key_prefix="headwater:rate", **patience)
