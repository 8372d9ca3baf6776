"""How often one address or person may do something is counted for all processes where there is a Redis."""

import pytest
from flask import Flask

from chat.web import rates
from chat.web.errors import RateLimited
from chat.web.rates import Rate, caller_address
from tests.patience import PATIENCE_S
from tests.services import Redis


@pytest.fixture(autouse=True)
def _patience_with_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that is slow on a busy machine is not away."""
    monkeypatch.setattr(rates, "PATIENCE_S", PATIENCE_S)


def counted(rate: Rate, key: str = "203.0.113.5") -> bool:
    """Say whether one more is allowed."""
    try:
        rate.count(key)
    except RateLimited as refused:
        wait_s = int(refused.headers["Retry-After"])
    else:
        return True
    return not 1 <= wait_s <= 61


def test_two_processes_share_one_count_and_each_key_has_its_own() -> None:
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


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("203.0.113.5", "203.0.113.6", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),  # one household chooses among 2**64
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.5", "203.0.113.5", True),
        ("", "unknown", True),  # a socket file has no address
    ],
)
def test_an_address_is_what_one_connection_to_the_internet_has(first: str, second: str, same: bool) -> None:
    def named(address: str) -> str:
        with Flask("t").test_request_context(environ_base={"REMOTE_ADDR": address}):
            return caller_address()

    assert (named(first) == named(second)) is same
