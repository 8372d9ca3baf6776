"""Rates: how often one address may do something, counted in this process."""

import math

from flask import request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from chat.generation.clock import wall
from chat.web.errors import RateLimited


class Rate:
    """At most so many a minute from one address; 0: no limit."""

    def __init__(self, name: str, a_minute: int) -> None:
        self._name = name
        self._item: RateLimitItem | None = RateLimitItemPerMinute(a_minute) if a_minute else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self) -> None:
        """Count this request. Raises RateLimited, with the seconds to wait, when it is one too many."""
        address = request.remote_addr or "unknown"
        if self._item is None or self._limiter.hit(self._item, self._name, address):
            return
        frees_at = self._limiter.get_window_stats(self._item, self._name, address).reset_time
        raise RateLimited(max(1, math.ceil(frees_at - wall())))
