"""Erasing documents that were deleted, or never came in whole: bit by bit, while everything else goes on."""

import random
from collections.abc import Callable
from functools import partial

import gevent

from chat.generation.reaper import attempt
from chat.store import erasing
from chat.store.transaction import Store

ROUND_S = 3.0
BREATH_S = 0.02  # between two parts of one: others want to write, too. Some 40 MiB go in a second
STALE_S = 300.0  # since its last piece came in: a document that arrives no more


class Erasing:
    """One process's rounds through what is to be erased; several processes do no harm to each other."""

    def __init__(self, store: Store, now: Callable[[], float], undo_s: float) -> None:
        self._store = store
        self._now = now
        self._undo_s = undo_s

    def run(self) -> None:
        """Go round for ever; supervised by the engine."""
        while True:
            gevent.sleep(ROUND_S * random.uniform(0.8, 1.2))
            attempt(self.erase)

    def erase(self) -> None:
        """Erase for good what was discarded too long ago to be undone, and what stopped arriving."""
        now = self._now()
        long_ago, stale = now - self._undo_s, now - STALE_S
        while found := self._store.read(lambda conn: erasing.due(conn, long_ago, stale)):
            for document_id in found:
                step = partial(erasing.erase_some, document_id=document_id, discarded=long_ago, stale=stale)
                while self._store.write(step):
                    gevent.sleep(BREATH_S)
