"""Long computations have threads of their own."""

import gevent
from gevent.hub import get_hub
from gevent.monkey import get_original

from chat.web.off_hub import SHORT_BYTES, picture_off_hub
from tests.patience import PATIENCE_S

native_lock = get_original("_thread", "allocate_lock")


def test_names_that_nobody_resolves_hold_up_no_page() -> None:
    """A name server that is silent keeps the hub's own threads busy: gevent looks names up there."""
    pool = get_hub().threadpool
    silence = native_lock()

    def resolve() -> None:
        with silence:
            pass

    with silence:
        busy = [pool.spawn(resolve) for _ in range(pool.maxsize)]
        with gevent.Timeout(PATIENCE_S):
            assert picture_off_hub(SHORT_BYTES + 1, len, "text") == 4
    gevent.joinall(busy)
