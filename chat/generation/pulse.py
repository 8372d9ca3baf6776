"""The pulse: by how much a greenlet wakes late, which is how busy this process is; and a beat a second."""

from collections.abc import Callable

import structlog

from chat.core.tally import Spread

log = structlog.get_logger()

NAP_S = 0.1
NAPS = 10  # from one beat to the next


class Pulse:
    """Sleeps again and again and notes by how much it overslept; each second it calls `on_beat`."""

    def __init__(
        self,
        late: Spread,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        on_beat: Callable[[], None],
    ) -> None:
        self._late = late
        self._clock = clock
        self._sleep = sleep
        self._on_beat = on_beat

    def run(self) -> None:
        """Beat for ever; supervised by the engine. What a beat raises is logged."""
        while True:
            for _ in range(NAPS):
                self.nap()
            try:
                self._on_beat()
            except Exception:
                log.exception("round failed", round="pulse")

    def nap(self) -> None:
        """Sleep once, and note how late the waking was."""
        began = self._clock()
        self._sleep(NAP_S)
        self._late.add(max(0.0, self._clock() - began - NAP_S))
