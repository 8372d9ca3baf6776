"""Tending: what was deleted is erased in the end, and what was said before is indexed, bit by bit."""

import random
from collections.abc import Callable
from functools import partial

import gevent
import structlog

from chat.generation.reaper import attempt
from chat.store import conversations, discarding, search
from chat.store.streams import Streams
from chat.store.transaction import Store, Transaction

log = structlog.get_logger()

ROUND_S = 3.0
BREATH_S = 0.02  # between two parts of the index: others want to write, too


class Tending:
    """One process's rounds through the conversations; several processes do no harm to each other."""

    def __init__(self, store: Store, streams: Streams, now: Callable[[], float], undo_s: float) -> None:
        self._store = store
        self._streams = streams
        self._now = now
        self._undo_s = undo_s

    def run(self) -> None:
        """Go round for ever; supervised by the engine."""
        while True:
            gevent.sleep(ROUND_S * random.uniform(0.8, 1.2))
            attempt(self.erase)
            attempt(self.index)

    def erase(self) -> None:
        """Erase for good what was discarded too long ago to be undone."""
        long_ago = self._now() - self._undo_s
        for conversation_id in self._store.read(lambda conn: discarding.discarded_before(conn, long_ago)):
            self._store.write(partial(self._erase, conversation_id=conversation_id, long_ago=long_ago))

    def index(self) -> None:
        """Put into the index of words what waits for it, a part at a time."""
        while self._store.read(search.is_behind) and self._store.write(search.index_some):
            gevent.sleep(BREATH_S)

    def _erase(self, tx: Transaction, conversation_id: str, long_ago: float) -> None:
        if discarding.is_discarded_before(tx.conn, conversation_id, long_ago):  # or somebody was faster
            conversations.delete(tx, self._streams, conversation_id)
