"""Rings over Redis: publish and subscribe, on a channel of this house."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chat.live.ring_message import pack, unpack

MOST_BYTES = 64 * 1024  # of a message: small enough that none holds up the others
ANSWER_S = 0.5  # for an answer; then the line counts as dead
PATIENCE_S = 0.5  # for whatever else is asked


def connect(url: str, *, patience_s: float = PATIENCE_S, retries: int = 0, most: int = 4) -> redis.Redis:
    """Make a client that never waits long and never tries again behind our back. It connects when used.

    Up to `most` may ask at the same time; one more waits for its turn, as long as for an answer.
    """
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=most,
        timeout=patience_s,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), retries),
        protocol=2,
        driver_info=None,  # two questions less before the first answer
    )
    return redis.Redis(connection_pool=pool)


class RedisRelay:
    """Carries rings between all processes at one Redis database."""

    health_s = 0.5  # of silence, after which the line is asked whether it lives
    carrier = "Redis"

    def __init__(self, url: str) -> None:
        self.url = url
        # Channels are shared by all databases of one Redis; installations are told apart by theirs.
        self.channel = f"headwater:{urlsplit(url).path.strip('/') or '0'}:rings"
        self._out = connect(url, retries=1)  # a line may only be old: Redis restarted since
        self._closed = False

    @cached_property
    def sender(self) -> str:
        """This process's name on the line; made at its first use, which is after the fork."""
        return secrets.token_hex(6)

    def send(self, topics: Sequence[str]) -> None:
        """Tell all other processes. Raises when the line is away."""
        pipeline = self._out.pipeline(transaction=False)
        self.add_rings(pipeline, topics)
        pipeline.execute()

    def add_rings(self, pipeline: Any, topics: Iterable[str]) -> None:
        """Put rings behind what else a pipeline does, so that they are heard when that is done."""
        for message in pack(self.sender, topics, MOST_BYTES):
            pipeline.publish(self.channel, message)

    def receive(self, heard: Callable[[Iterable[str]], None], up: Callable[[], None]) -> None:
        """Hear the others until the line is lost, then raise; `up` is called once it is open."""
        client: Any = connect(self.url)  # its subscribing half has no types
        with closing(client), closing(client.pubsub()) as line:
            line.subscribe(self.channel)
            asked = False
            while not self._closed:
                told = line.get_message(timeout=ANSWER_S if asked else self.health_s)
                if told is None and asked:
                    raise TimeoutError("Redis does not answer")
                asked = told is None
                if told is None:
                    line.ping()
                elif told["type"] == "message":
                    heard(unpack(self.sender, told["data"].decode()))
                elif told["type"] == "subscribe":
                    up()

    def close(self) -> None:
        """Hear no more, within the time of one health question."""
        self._closed = True
        self._out.close()
