"""Presence: who watches and who drives in the conversations that are open here, told to other processes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import gevent
from gevent.event import Event

from chat.generation.reaper import attempt
from chat.live.bell import Bell
from chat.store import presence
from chat.store.presence import Lines
from chat.store.transaction import Store, Transaction
from chat.web.presence_board import Board
from chat.web.presence_census import Census, Seat
from chat.web.presence_shown import Shown

PAUSE_S = 0.1  # after a change: what opens together is written together
REST_S = 0.4  # between two writes
AGAIN_S = 2.0  # after one that failed
LEASE_S = 45.0  # for which a row counts, should this process say nothing more
RENEW_S = 15.0
FORGET_S = 600.0  # after which a row that counts no more is swept
UNSURE: Lines = {}  # nobody's: what a write that failed may have stored all the same, to be said anew


class Presence:
    """This process's part of it. Opening and closing lines touches memory alone; `run` writes at its pace."""

    def __init__(
        self,
        store: Store,
        bell: Bell,
        *,
        process: Callable[[], str],
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._store = store
        self._bell = bell
        self._process = process
        self._clock = clock
        self._wall = wall
        self._work = Event()
        self._census = Census(clock, self._changed, self._work.set)
        self._boards: dict[str, Board] = {}
        self._different: set[str] = set()  # from what is written, perhaps
        self._written: dict[str, Lines] = {}
        self._renew_at = 0.0

    @contextmanager
    def seated(self, seat: Seat | None, *, drives: bool = False) -> Iterator[None]:
        """Count a line for as long as it is open; None: it is nobody's business."""
        if seat is None:
            yield
            return
        self._census.enter(seat, drives=drives)
        try:
            yield
        finally:
            self._census.leave(seat, drives=drives)
            if not self._census.is_open(seat.conversation_id):
                board = self._boards.pop(seat.conversation_id, None)
                if board is not None:
                    board.close()

    def shown(self, conversation_id: str) -> Shown | None:
        """Say who is in a conversation that has a line open here; None while nobody knows. Never waits."""
        board = self._boards.get(conversation_id)
        if board is None:
            if not self._census.is_open(conversation_id):
                return None
            board = self._boards[conversation_id] = Board(
                conversation_id, self._census, self._store, self._bell, self._process(), self._wall
            )
        return board.shown

    def run(self) -> None:
        """Write what changed, about twice a second at most, and renew it, as long as the process lives."""
        while True:
            self._work.wait(self._idle_s())
            self._work.clear()
            gevent.sleep(PAUSE_S)
            self._census.settle()
            if attempt(self.write):
                gevent.sleep(REST_S)
            else:
                self._work.set()
                gevent.sleep(AGAIN_S)

    def write(self) -> None:
        """Tell the other processes what changed since the last time, and that the rest is still so."""
        now = self._wall()
        found = {cid: self._census.lines_of(cid) for cid in self._different}
        rows = {cid: lines for cid, lines in found.items() if lines != self._written.get(cid)}
        is_due = bool(self._written) and self._clock() >= self._renew_at
        if rows or is_due:
            put = partial(self._put, process=self._process(), rows=rows, now=now, is_due=is_due)
            try:
                renewed = self._store.write(put)
            except Exception:
                self._written |= dict.fromkeys(rows, UNSURE)
                raise
            if is_due:
                self._renew_at = self._clock() + RENEW_S
            if is_due and renewed < len(self._written):  # we slept, and were swept away
                self._different |= self._written.keys()
                self._written = {}
                self._work.set()
        self._note(rows)
        self._different -= {cid for cid, lines in found.items() if lines == self._census.lines_of(cid)}

    @staticmethod
    def _put(tx: Transaction, process: str, rows: dict[str, Lines | None], now: float, is_due: bool) -> int:
        renewed = presence.renew(tx, process, now + LEASE_S, now - FORGET_S) if is_due else 0
        presence.write(tx, process, rows, now + LEASE_S)
        return renewed

    def _note(self, rows: dict[str, Lines | None]) -> None:
        if rows and not self._written:
            self._renew_at = self._clock() + RENEW_S
        for cid, lines in rows.items():
            if lines is None:
                self._written.pop(cid, None)
            else:
                self._written[cid] = lines

    def _idle_s(self) -> float | None:
        """Say for how long there is nothing to do, if nothing changes."""
        waits = [] if self._census.next_s() is None else [self._census.next_s() or 0.0]
        if self._written:
            waits.append(self._renew_at - self._clock())
        return max(0.0, min(waits)) if waits else None

    def _changed(self, conversation_id: str) -> None:
        self._different.add(conversation_id)
        self._work.set()
        board = self._boards.get(conversation_id)
        if board is not None:
            board.recount()
