"""The vectors of documents in memory, as many as may be, to compare a question with all of them at once.

What is compared is what a document has at this moment: the caller says how far its vectors go, as its own
snapshot of the database has it, and what is held of an older state is read anew.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

import gevent
import structlog
from gevent.lock import BoundedSemaphore
from gevent.threadpool import ThreadPool

from chat.core.likeness import STORED, NotNumbers, Rows, Vector, joined, nearest, unpack
from chat.store import vectors
from chat.store.transaction import Store
from chat.store.vector_spaces import Space
from chat.store.vectors import Block, Searched

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

SHORT_BYTES = 1 << 20  # less is compared sooner than another thread is woken
MOST_IN_READ = 100  # documents of one read
READ_BYTES = 1 << 20  # of one read: 3 ms, in which nobody else has a turn
GROUP_BYTES = 16 << 20  # of what is searched at a time, where not all fits into memory

Near = tuple[float, str, int]  # how alike, which document, the number of the passage
Wanted = tuple[str, int, int]  # a document, and the numbers of the passages from and to which it is read
Key = tuple[int, str]


@dataclass(slots=True)
class Held:
    """The vectors of a document's first passages, as they were when it last changed."""

    updated_at: float
    rows: Rows


class Matrices:
    """One process's. `most_bytes`: what it keeps, the least recently used going first."""

    def __init__(self, store: Store, most_bytes: int, now: Callable[[], float]) -> None:
        self.bytes = 0  # that are kept
        self._store = store
        self._most = most_bytes
        self._now = now
        self._held: OrderedDict[Key, Held] = OrderedDict()
        self._turn = BoundedSemaphore(1)  # of two who want the same, the second finds it
        self._threads: ThreadPool | None = None

    def load(self, space: Space, wanted: Sequence[Searched], until: float) -> None:
        """Read of these what can be kept, up to that moment (as `now` tells); others go on meanwhile."""
        lacking = [one for one in wanted if self._rows(space, one) is None]
        if not lacking:
            return
        ours = {_key(space, one) for one in wanted}
        room = (
            self._most - sum(_size(space, one) for one in wanted) + sum(_size(space, one) for one in lacking)
        )
        missing = []
        for one in lacking:
            if _size(space, one) <= room:
                room -= _size(space, one)
                missing.append(one)
        for group in _groups(space, missing):
            with self._turn:
                left = [one for one in group if self._rows(space, one) is None]
                for one, rows in self._read(space, left, until):
                    self._keep(_key(space, one), Held(one.updated_at, rows), ours)

    def search(
        self, space: Space, wanted: Sequence[Searched], vector: Vector, most: int, until: float
    ) -> list[Near]:
        """Find what is nearest among these, the nearest first.

        What is not kept is read now, up to that moment; what was not read by then is not found.
        """
        held = [(one, self._rows(space, one)) for one in wanted]
        found = self._compare([(one, rows) for one, rows in held if rows is not None], vector, most)
        for group in _groups(space, [one for one, rows in held if rows is None]):
            if self._now() >= until:
                log.info("not all vectors could be compared in time", space=space.id)
                break
            found += self._compare(self._read(space, group, until), vector, most)
        return sorted(found, key=lambda near: -near[0])[:most]

    def _compare(self, many: Sequence[tuple[Searched, Rows]], vector: Vector, most: int) -> list[Near]:
        rows = [rows[: one.embedded] for one, rows in many]
        hits = self._beside(sum(one.nbytes for one in rows), nearest, rows, vector, most)
        return [(hit.likeness, many[hit.rows][0].id, hit.row + 1) for hit in hits]

    # ── keeping ──────────────────────────────────────────────────────────────────────────────

    def _rows(self, space: Space, one: Searched) -> Rows | None:
        """Give what is kept of a document, if that is all of it and of its present state."""
        held = self._held.get(_key(space, one))
        if held is None or held.updated_at != one.updated_at or len(held.rows) < one.embedded:
            return None
        self._held.move_to_end(_key(space, one))
        return held.rows

    def _keep(self, key: Key, held: Held, ours: set[Key]) -> None:
        """Keep it, if there is room without what this very question needs."""
        self._drop(key)
        for oldest in list(self._held):
            if self.bytes + held.rows.nbytes <= self._most:
                break
            if oldest not in ours:
                self._drop(oldest)
        if self.bytes + held.rows.nbytes <= self._most:
            self._held[key] = held
            self.bytes += held.rows.nbytes

    def _drop(self, key: Key) -> None:
        if (gone := self._held.pop(key, None)) is not None:
            self.bytes -= gone.rows.nbytes

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def _read(self, space: Space, group: Sequence[Searched], until: float) -> list[tuple[Searched, Rows]]:
        """Read documents, from where what is kept of them ends; perhaps not to their ends."""
        found: dict[str, list[Rows]] = {}
        for one in group:
            held = self._held.get(_key(space, one))
            found[one.id] = [held.rows] if held is not None and held.updated_at == one.updated_at else []
        begun = {one.id: sum(map(len, found[one.id])) for one in group}
        for wanted in _slices(space, group, begun):
            if self._now() >= until:
                break
            for block in self._store.read(partial(vectors.blocks, space=space, wanted=wanted)):
                _add(found[block.document_id], block, space.dimensions)
            gevent.sleep(0)
        size = sum(_size(space, one) for one in group)
        whole = self._beside(size, _join, [found[one.id] for one in group])
        return [(one, rows) for one, rows in zip(group, whole, strict=True) if rows is not None]

    def _beside(self, size: int, fn: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Call what reckons with so many bytes: here when that is soon done, else on a native thread."""
        if size <= SHORT_BYTES:
            return fn(*args, **more)
        if self._threads is None:
            self._threads = ThreadPool(1)  # made after the fork; not the hub's own, which look up names
        result: T = self._threads.apply(fn, args, more)
        return result


def _key(space: Space, one: Searched) -> Key:
    return space.id, one.id


def _size(space: Space, one: Searched) -> int:
    return one.embedded * space.dimensions * STORED.itemsize


def _groups(space: Space, wanted: Sequence[Searched]) -> Iterator[list[Searched]]:
    """Part documents into groups of no more than GROUP_BYTES, or of one."""
    group, size = list[Searched](), 0
    for one in wanted:
        if group and size + _size(space, one) > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(one)
        size += _size(space, one)
    if group:
        yield group


def _slices(space: Space, group: Sequence[Searched], begun: Mapping[str, int]) -> Iterator[list[Wanted]]:
    """Part what is to be read of these documents into reads that hold nobody up."""
    at_once = max(1, READ_BYTES // (space.dimensions * STORED.itemsize))
    wanted, room = list[Wanted](), at_once
    for one in group:
        after = begun[one.id]
        while after < one.embedded:
            last = min(one.embedded, after + room)
            wanted.append((one.id, after + 1, last))
            room -= last - after
            after = last
            if room <= 0 or len(wanted) == MOST_IN_READ:
                yield wanted
                wanted, room = [], at_once
    if wanted:
        yield wanted


def _add(parts: list[Rows], block: Block, dimensions: int) -> None:
    """Put a block behind those before it; one that does not continue them is left out, and all after it."""
    try:
        if block.first == sum(map(len, parts)) + 1:
            parts.append(unpack(block.data, dimensions))
    except NotNumbers:
        log.error("stored vectors are damaged", document=block.document_id, first=block.first)


def _join(many: Sequence[list[Rows]]) -> list[Rows | None]:
    return [joined(parts) if parts else None for parts in many]
