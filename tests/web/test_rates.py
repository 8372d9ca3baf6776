"""What one address may do in a minute is counted for all processes where there is a Redis."""

from flask import Flask

from chat.web.errors import RateLimited
from chat.web.rates import Rate
from tests.services import Redis


def counted(rate: Rate, address: str = "203.0.113.5") -> bool:
    """Say whether one more is allowed."""
    with Flask("t").test_request_context(environ_base={"REMOTE_ADDR": address}):
        try:
            rate.count()
        except RateLimited as refused:
            wait_s = int(refused.headers["Retry-After"])
        else:
            return True
        return not 1 <= wait_s <= 61


def test_two_processes_share_one_count_and_each_address_has_its_own() -> None:
    with Redis() as redis:
        here, there = Rate("t", 3, redis.url), Rate("t", 3, redis.url)
        assert [counted(rate) for rate in (here, there, here, there)] == [True, True, True, False]
        assert counted(there, "203.0.113.6")


def test_without_redis_the_process_counts_alone() -> None:
    with Redis() as redis:
        rate = Rate("t", 2, redis.url)
        assert counted(rate)
        redis.kill()
        assert [counted(rate) for _ in range(3)] == [True, True, False]


def test_no_limit_is_no_limit() -> None:
    assert all(counted(Rate("t", 0)) for _ in range(100))
