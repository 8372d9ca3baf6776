"""Reading: documents that wait are read by a process of their own each, and stored passage by passage."""

import random
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

import gevent
import structlog
from gevent.pool import Pool
from gevent.threadpool import ThreadPool

from chat.core.log import StoreAway
from chat.core.tally import Tally
from chat.extraction.limits import Limits
from chat.extraction.unreadable import Unreadable
from chat.generation.reading_job import BATCH, Batch, Job, Message, lots, words_of
from chat.generation.reaper import attempt
from chat.live.bell import Bell
from chat.store import documents, passage_index, reading_queue
from chat.store.reading_queue import Claim, ClaimLost
from chat.store.transaction import Store, Transaction

log = structlog.get_logger()

T = TypeVar("T")
Read = Callable[[str, Iterable[bytes], Limits], Generator[Message, None, None]]  # (kind, original, limits)

ROUND_S = 3.0
AT_ONCE = 2  # in one process: a long document does not hold up all others
LEASE_S = 30.0
RENEW_S = 5.0  # who deletes a document that is being read waits no longer until its reader is gone
BREATH_S = 0.02  # between two writes: answers are written, too
LEAVE_S = 3.0  # in which all that is read here is given back
# What may have been the machine's fault rather than the document's.
WORTH_ANOTHER = frozenset({"crashed", "too_slow"})
CRASHED = "crashed", "Reading this document did not come to an end. It may be damaged."
GAVE_UP = "crashed", "Reading this document failed several times. It may be damaged; try another copy of it."


class Leaving(Exception):
    """This process is told to leave; another one reads on."""


class Reading:
    """One process's rounds through the queue, and what it reads. `leave` gives all of it back."""

    def __init__(
        self,
        store: Store,
        bell: Bell,
        read: Read,
        *,
        reader: Callable[[], str],
        is_dead: Callable[[str], bool],
        now: Callable[[], float],
        clock: Callable[[], float],
        limits: Limits,
        tally: Tally,
    ) -> None:
        self._store = store
        self._bell = bell
        self._read = read
        self._reader = reader
        self._is_dead = is_dead
        self._now = now
        self._clock = clock
        self._limits = limits
        self._tally = tally
        self._leaving = False
        self._workers = Pool(AT_ONCE)
        self._jobs: set[Job] = set()
        self._beside = Beside()

    # ── rounds ───────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Go round for ever; supervised by the engine."""
        renewed = self._clock()
        with self._bell.listen(documents.READERS) as ear:
            while True:
                attempt(self.look)
                if self._clock() - renewed >= RENEW_S:
                    renewed = self._clock()
                    attempt(self.renew)
                ear.wait(ROUND_S * random.uniform(0.8, 1.2))

    def look(self) -> None:
        """Release what dead processes held, and begin with what waits."""
        for reader in self._store.read(reading_queue.readers):
            if self._is_dead(reader):
                self._store.write(partial(reading_queue.release, reader=reader))
        free = 0 if self._leaving else self._workers.free_count()
        waiting = self._store.read(lambda conn: reading_queue.waiting(conn, self._now(), free)) if free else 0
        for _ in range(min(waiting, self._workers.free_count())):
            self._workers.spawn(attempt, self._work)

    def renew(self) -> None:
        """Hold what is read here longer; end what was deleted, or is another's by now."""
        held = {job.claim: job for job in self._jobs}
        if held:
            until = self._until()
            lost = self._store.write(lambda tx: reading_queue.renew(tx, held, until))
            for claim in lost:
                held[claim].end(ClaimLost())

    def leave(self) -> None:
        """Begin with nothing more, and give back what is read here. Takes LEAVE_S at most."""
        self._leaving = True
        for job in self._jobs:
            job.end(Leaving())
        self._workers.join(LEAVE_S)

    # ── one document ─────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        """Read one document after another, until nothing waits."""
        while not self._leaving:
            now, reader = self._now(), self._reader()
            claim = self._store.write(
                partial(reading_queue.claim, reader=reader, now=now, until=now + LEASE_S)
            )
            if claim is None:
                return
            self._read_one(Job(claim))

    def _read_one(self, job: Job) -> None:
        self._jobs.add(job)
        began = self._clock()
        with structlog.contextvars.bound_contextvars(document=job.claim.document_id):
            try:
                self._fill(job)
                self._tally.document_s.add(self._clock() - began)
                self._tally.documents_read["ready"] += 1
            except (Leaving, ClaimLost):
                self._give_back(job.claim)
            except StoreAway as away:  # no fault of the document's
                log.info("a document waits for the database", reason=str(away))
                self._give_back(job.claim, self._now() + reading_queue.PAUSE_S)
            except Unreadable as why:
                self._refuse(job.claim, why)
            except Exception:
                log.exception("a document was not read")
                self._refuse(job.claim, Unreadable(*CRASHED))
            finally:
                self._jobs.discard(job)

    def _fill(self, job: Job) -> None:
        """Store what a document says, bit by bit; then it is ready. Raises Unreadable, ClaimLost, Leaving."""
        if job.claim.is_spent:
            raise Unreadable(*GAVE_UP)
        self._empty(job.claim)
        original = documents.pieces_of(self._store, job.claim.document_id)
        batch = Batch(self._clock())
        with closing(self._read(job.claim.kind, original, self._limits)) as messages:
            for message in job.each(messages):
                if "done" in message:
                    self._put(job.claim, batch)
                    self._finish(job.claim, message["done"])
                    return
                batch.add(message)
                if batch.is_due(self._clock()):
                    self._put(job.claim, batch)
        raise Unreadable(*CRASHED)

    def _empty(self, claim: Claim) -> None:
        """Take away what an attempt before this one left."""
        while self._write(partial(reading_queue.empty_some, taken=claim, most=BATCH)):
            gevent.sleep(BREATH_S)

    def _put(self, claim: Claim, batch: Batch) -> None:
        """Store what waits: in several writes where words are many, in one where there is only progress."""
        cut = batch.take(self._clock())
        words = self._beside.call(partial(words_of, cut, batch)) if cut else []
        for lot in lots(words):
            self._write(
                partial(
                    reading_queue.store,
                    taken=claim,
                    cut=cut[lot],
                    words=words[lot],
                    language=batch.language,
                    progress=batch.progress,
                    until=self._until(),
                )
            )
            gevent.sleep(BREATH_S)
            while self._write(lambda tx: passage_index.merge_some(tx.conn)):
                gevent.sleep(BREATH_S)

    def _finish(self, claim: Claim, done: Mapping[str, Any]) -> None:
        self._write(partial(reading_queue.finish, taken=claim, pages=done.get("pages"), now=self._now()))

    def _refuse(self, claim: Claim, why: Unreadable) -> None:
        """Say why it cannot be read; or let it be tried again."""
        log.warning("a document cannot be read", code=why.code, cause=why.cause, attempt=claim.attempt)
        error = {"code": why.code, "message": why.message}
        end = reading_queue.try_again if why.code in WORTH_ANOTHER else reading_queue.fail
        try:
            self._empty(claim)
            if not self._write(partial(end, taken=claim, error=error, now=self._now())):
                self._tally.documents_read["failed"] += 1
        except ClaimLost:
            self._give_back(claim)

    def _give_back(self, claim: Claim, pause_until: float | None = None) -> None:
        self._write(partial(reading_queue.give_back, taken=claim, pause_until=pause_until))

    def _write(self, fn: Callable[[Transaction], T]) -> T:
        return self._store.write(fn)

    def _until(self) -> float:
        return self._now() + LEASE_S


class Beside:
    """One native thread for what takes long; made at the first use, which is after the fork."""

    def __init__(self) -> None:
        self._thread: ThreadPool | None = None

    def call(self, fn: Callable[[], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPool(1)
        result: T = self._thread.apply(fn)
        return result
