"""Shared tapes: what a live tape holds, readable in every process; only ever an accelerator."""

from typing import Protocol

from chat.live.bell import Bell, Rounds
from chat.live.relayed import RelayedBell
from chat.live.tape import Tapes


class SharedTapes(Protocol):
    """What every place for shared tapes offers. Nothing here raises, and nothing waits long."""

    rounds: Rounds  # what somebody has to run, after the fork

    @property
    def away(self) -> bool:
        """Whether they cannot be read just now."""
        ...

    def read(self, stream_id: str, epoch: int, start: int) -> bytes | None:
        """Give what the tape of this epoch holds from byte `start` of the stream on, in whole characters.

        Empty when it holds no more than that, or nothing; None when it cannot be read now.
        """
        ...

    def salvage(self, stream_id: str, epoch: int, stored_length: int) -> bytes:
        """Give what a dead owner's tape holds beyond what is stored; empty when that cannot be told."""
        ...

    def drop(self, stream_id: str, epoch: int) -> None:
        """Forget the tape of an epoch that is over: its successor has what was worth keeping."""
        ...


class NoSharedTapes:
    """Every tape stays in its process."""

    def __init__(self) -> None:
        self.away = False
        self.rounds: Rounds = ()

    def read(self, stream_id: str, epoch: int, start: int) -> bytes | None:
        return None

    def salvage(self, stream_id: str, epoch: int, stored_length: int) -> bytes:
        return b""

    def drop(self, stream_id: str, epoch: int) -> None:
        pass


def open_shared_tapes(redis_url: str | None, tapes: Tapes, bell: Bell) -> SharedTapes:
    """Choose where tapes are shared: at Redis, which then carries the rings too, or nowhere."""
    if not redis_url or not isinstance(bell, RelayedBell):
        return NoSharedTapes()
    from chat.live.relay_redis import RedisRelay  # late: who has no Redis starts sooner
    from chat.live.tape_redis import RedisTapes

    if not isinstance(bell.relay, RedisRelay):
        return NoSharedTapes()
    return RedisTapes(redis_url, tapes, bell.relay.add_rings, bell.ring_all)
