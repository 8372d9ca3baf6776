"""The reaper: finds what nobody writes and what nobody drives, and sees that each comes to an end."""

import random
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial

import structlog
from gevent.pool import Pool

from chat.core.log import StoreAway
from chat.store.leases import Orphan
from chat.store.streams import Streams

log = structlog.get_logger()

AT_ONCE = 8  # orphans that are adopted side by side: each takes a few round trips, and their readers wait


@dataclass(frozen=True, slots=True)
class Waits:
    """For how many seconds the reaper lets things be."""

    lease_s: float = 6.0  # after a failure of the database: owners renew first
    start_pending_s: tuple[float, float] = (2.0, 3.0)  # with the round's second: started after 2 to 4
    give_up_pending_s: float = 900.0


class Reaper:
    """One process's reaper. `adopt` takes an orphan over or ends it; `start` drives what is pending."""

    def __init__(
        self,
        streams: Streams,
        *,
        is_dead: Callable[[str], bool],
        alive: Container[str],
        clock: Callable[[], float],
        adopt: Callable[[Orphan], None],
        start: Callable[[str], None],
        waits: Waits,
    ) -> None:
        self._streams = streams
        self._is_dead = is_dead
        self._alive = alive
        self._clock = clock
        self._adopt = adopt
        self._start = start
        self._waits = waits
        self._leases_count_from = clock() + waits.lease_s  # at boot we do not know what was down until now
        self._pending_since: dict[str, tuple[float, float]] = {}  # (first seen, to be started)

    def doubt_leases(self) -> None:
        """Let no lease be over for a while: the database was away, and nobody could renew."""
        self._leases_count_from = self._clock() + self._waits.lease_s

    def reap(self) -> None:
        """Adopt what dead or absent processes left; what runs here is alive, however late its lease."""
        expired = self._clock() >= self._leases_count_from
        orphans = self._streams.orphans(self._is_dead, self._alive, expired=expired)
        random.shuffle(orphans)  # several reapers share them, rather than all want the same one
        adopting = Pool(AT_ONCE)
        for orphan in orphans:
            adopting.spawn(attempt, partial(self._adopt, orphan))
        adopting.join()

    def start_pending(self) -> None:
        """Start what nobody drives, and give up what nobody can.

        Counted from when this process first saw it, on its own clock: a wall clock may jump.
        """
        now, seen = self._clock(), self._pending_since
        pending = self._streams.pending()
        self._pending_since = {
            stream_id: seen.get(stream_id) or (now, now + random.uniform(*self._waits.start_pending_s))
            for stream_id in pending
        }
        for stream_id, (since, due) in self._pending_since.items():
            if now - since >= self._waits.give_up_pending_s:
                attempt(partial(self._streams.give_up, stream_id))
            elif now >= due:
                attempt(partial(self._start, stream_id))  # one that cannot begin holds up no other


def attempt(step: Callable[[], object]) -> bool:
    """Do one step of a round; what fails is logged, and tried again with the next one."""
    try:
        step()
    except StoreAway:
        return False  # the store says it, once an outage
    except Exception:
        log.exception("round failed", round=str(step))
        return False
    return True
