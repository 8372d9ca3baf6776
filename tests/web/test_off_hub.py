"""Long computations have threads of their own."""

import gevent
from gevent.hub import get_hub
from gevent.monkey import get_original

from chat.web.off_hub import SHORT_BYTES, picture_off_hub

NATIVE_SLEEP = get_original("time", "sleep")


def test_names_that_nobody_resolves_hold_up_no_page() -> None:
    """A name server that is silent keeps the hub's own threads busy: gevent looks names up there."""
    pool = get_hub().threadpool
    busy = [pool.spawn(NATIVE_SLEEP, 1) for _ in range(pool.maxsize)]
    gevent.sleep(0.1)
    with gevent.Timeout(0.5):
        assert picture_off_hub(SHORT_BYTES + 1, len, "text") == 4
    gevent.joinall(busy)
