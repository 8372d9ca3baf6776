"""Redis: reachable, carrying rings, and doing no harm when it is full."""

from collections.abc import Iterator
from typing import Any

import redis

from chat.doctor.finding import Finding, ok, one_line, warning, wrong

ANSWER_S = 5.0  # a machine that stands still for a moment is no fault of Redis
CHANNEL = "headwater:doctor"


def examine(url: str) -> Iterator[Finding]:
    """Connect, ring, and ask what it does when its memory is full."""
    client = redis.Redis.from_url(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)
    try:
        info: Any = client.info()
        yield ok("redis", f"Redis {info.get('redis_version', 'of an unknown version')} answers.")
        yield _rings(client)
        yield _memory(info)
    except (redis.RedisError, OSError) as error:
        yield wrong(
            "redis",
            f"cannot be reached, or refuses: {one_line(error)}.",
            "Check REDIS_URL. Nothing is lost meanwhile; readers in other processes get the stored batches.",
        )
    finally:
        client.close()


def _rings(client: Any) -> Finding:
    with client.pubsub(ignore_subscribe_messages=False) as line:
        line.subscribe(CHANNEL)
        line.get_message(timeout=ANSWER_S)  # that it is subscribed
        client.publish(CHANNEL, "round")
        heard = line.get_message(timeout=ANSWER_S)
    if heard and heard["type"] == "message":
        return ok("rings over redis", "publish and subscribe go round.")
    return wrong("rings over redis", "what is published is not heard.", "Use a Redis with pub/sub.")


def _memory(info: Any) -> Finding:
    policy, most = info.get("maxmemory_policy", "unknown"), int(info.get("maxmemory", 0))
    if most and policy == "noeviction":
        return warning(
            "redis memory",
            f"at most {most >> 20} MiB, and then it refuses to write (noeviction).",
            "Set maxmemory-policy to volatile-lru: what goes first is what can best be missed.",
        )
    limit = f"{most >> 20} MiB" if most else "no limit"
    return ok("redis memory", f"{limit}, {policy}; a tape that is gone is read from the store.")
