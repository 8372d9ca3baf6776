"""Which passages mean what a question means: its vector is asked for, and compared with theirs."""

from collections import OrderedDict
from collections.abc import Callable

import gevent
import structlog

from chat.core.likeness import Vector
from chat.core.tally import Tally
from chat.generation.embeddings import EmbeddingError, Embeddings
from chat.generation.matrices import Matrices
from chat.store import vectors
from chat.store.transaction import Store

log = structlog.get_logger()

MOST_CHARACTERS = 2000  # of a question: what comes after hardly changes what it is about
FEWER_CHARACTERS = 400  # where the model takes no more
MOST_REMEMBERED = 200  # questions: one that is asked again, or gone on with, costs nothing
FORGIVEN = 1  # failures in a row, before questions stop waiting for a server that is not there
PAUSE_S, LONGEST_PAUSE_S = 10.0, 120.0  # in which they do without


class Vectors:
    """Finds by meaning. Nothing that the embeddings' server does makes a question fail, or wait for long."""

    def __init__(
        self,
        store: Store,
        embeddings: Embeddings,
        *,
        cache_bytes: int,
        wait_s: float,
        now: Callable[[], float],
        tally: Tally,
        least: float = 0.0,
    ) -> None:
        self.matrices = Matrices(store, cache_bytes, now)
        self._store = store
        self._embeddings = embeddings
        self._wait_s = wait_s
        self._now = now
        self._tally = tally
        self._least = least  # that a passage must be more alike than
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self._failures = 0  # in a row
        self._silent_until = float("-inf")

    def nearest(self, person_id: str, conversation_id: str, text: str, most: int) -> list[int]:
        """Find passages by meaning, among what an answer to this person in this conversation may draw on.

        Gives their seqs, the nearest first; none when that cannot be told in time. Never raises.
        """
        began = self._now()
        try:
            question = text[:MOST_CHARACTERS].strip()
            return self._nearest(person_id, conversation_id, question, most, began + self._wait_s)
        except EmbeddingError as problem:
            log.info("a question does without its vector", reason=problem.message)
        except Exception:
            log.exception("a question does without its vector")
        finally:
            self._tally.nearest_s.add(self._now() - began)
        return []

    def _nearest(self, person_id: str, conversation_id: str, text: str, most: int, until: float) -> list[int]:
        asker = (person_id, conversation_id)
        space, wanted = self._store.read(lambda conn: vectors.place(conn, *asker))
        if space is None or space.model != self._embeddings.model or not wanted or not text or most < 1:
            return []  # of another model's vectors this one knows nothing
        if space.by_rows:
            vector = self._vector(text, until)
            return self._store.read(
                lambda conn: vectors.nearest_rows(conn, *asker, space, vector, most, self._least)
            )
        asking = gevent.spawn(self._outcome, text, until)
        try:
            self.matrices.load(space, wanted, until)  # while the server reckons
            outcome = asking.get()
        finally:
            asking.kill(block=False)
        if isinstance(outcome, EmbeddingError):
            raise outcome
        if len(outcome) != space.dimensions:
            raise EmbeddingError("odd", "The embeddings' server gives other vectors than it did.")
        near = self.matrices.search(space, wanted, outcome, most, until)
        found = [(document_id, number) for likeness, document_id, number in near if likeness > self._least]
        seqs = self._store.read(lambda conn: vectors.seqs_of(conn, *asker, found))
        return [seqs[one] for one in found if one in seqs]

    # ── the question's own vector ────────────────────────────────────────────────────────────

    def _outcome(self, text: str, until: float) -> Vector | EmbeddingError:
        try:
            return self._vector(text, until)
        except EmbeddingError as problem:
            return problem

    def _vector(self, text: str, until: float) -> Vector:
        """Give the vector of a question. Raises EmbeddingError, at once where the server is known to fail."""
        if (known := self._known.get(text)) is not None:
            self._known.move_to_end(text)
            return known
        if self._now() < self._silent_until:
            raise EmbeddingError("failed", "The embeddings' server failed a moment ago.")
        try:
            vector = self._ask(text, until)
        except EmbeddingError as problem:
            self._note_failure(problem)
            raise
        self._failures = 0
        self._known[text] = vector
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return vector

    def _ask(self, text: str, until: float) -> Vector:
        try:
            vector: Vector = self._embeddings.embed([text], max(0.001, until - self._now()))[0]
        except EmbeddingError as problem:
            if not problem.by_text or len(text) <= FEWER_CHARACTERS:
                raise
            vector = self._embeddings.embed([text[:FEWER_CHARACTERS]], max(0.001, until - self._now()))[0]
        return vector

    def _note_failure(self, problem: EmbeddingError) -> None:
        self._tally.failed_embeddings += 1
        self._failures += 1
        if self._failures > FORGIVEN:
            pause = min(LONGEST_PAUSE_S, PAUSE_S * 2.0 ** min(10, self._failures - FORGIVEN - 1))
            self._silent_until = self._now() + max(pause, min(problem.pause_s or 0, LONGEST_PAUSE_S))
