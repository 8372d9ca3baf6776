"""Insisting: what has to be stored is tried again while the database is away, but not for ever."""

from collections.abc import Callable

import gevent
import structlog

from chat.core.log import StoreAway

log = structlog.get_logger()

INSIST_S = 120.0  # for how long an end is tried to be stored: a full disk, a database that restarts
INSIST_PAUSE_S = 0.5


def insist(store: Callable[[], bool], is_lost: Callable[[], bool], clock: Callable[[], float]) -> bool:
    """Give what `store` gives, trying again when it raises; False once `is_lost` says that it is not ours.

    Raises what it raised last, after INSIST_S seconds.
    """
    give_up_at = clock() + INSIST_S
    while not is_lost():
        try:
            return store()
        except Exception as error:
            if clock() >= give_up_at:
                raise
            if not isinstance(error, StoreAway):  # the store says it, once an outage
                log.exception("not stored yet")
            gevent.sleep(INSIST_PAUSE_S)
    return False
