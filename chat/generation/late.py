"""A late source: once an answer is claimed its sources are looked for, and a stop is heard meanwhile."""

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import structlog
from gevent.event import Event

from chat.generation.generation import Source
from chat.generation.providers.types import Aborted, Item

log = structlog.get_logger()

# Asked before what was found is noted: False when nobody waits for it any more. From True on it is waited
# for, or an answer could cite what it was never told.
MayNote = Callable[[], bool]


class LateSource:
    """A source that is made at the first `next()`: by `make`, or when that takes too long by `make_without`.

    Neither asks anybody yet, so until then it costs nothing.
    """

    def __init__(
        self, make: Callable[[MayNote], Source], make_without: Callable[[], Source], patience_s: float
    ) -> None:
        self._make = make
        self._make_without = make_without
        self._patience_s = patience_s
        self._over = Event()
        self._closed = False
        self._is_noting = False
        self._source: Source | None = None

    def __iter__(self) -> Iterator[Item]:
        if self._closed:
            raise Aborted
        # In a greenlet of its own: a stop is heard while the database or a model of vectors is waited for.
        made: list[Source | Exception] = []
        making = gevent.spawn(self._keep, made)
        gevent.wait([making, self._over], timeout=self._patience_s, count=1)
        if self._is_noting:
            gevent.wait([making, self._over], count=1)  # as long as a write may take
        self._over.set()
        if self._closed:  # what was made has asked nobody: nothing is open
            raise Aborted
        if not made:
            log.warning("looking for sources took too long")
        source = made[0] if made else self._make_without()
        if isinstance(source, Exception):
            raise source
        self._source = source
        yield from source

    def close(self) -> None:
        self._closed = True
        self._over.set()
        if self._source is not None:
            self._source.close()

    def estimate(self, answered: str) -> dict[str, Any] | None:
        return self._source.estimate(answered) if self._source is not None else None

    def _may_note(self) -> bool:
        self._is_noting = not self._over.is_set()
        return self._is_noting

    def _keep(self, made: list[Source | Exception]) -> None:
        try:
            made.append(self._make(self._may_note))
        except Exception as problem:  # noqa: BLE001  # raised again where it is waited for
            made.append(problem)
