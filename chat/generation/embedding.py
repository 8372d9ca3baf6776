"""The round that gives passages their vectors: one process at a time, bit by bit, for as long as some lack.

It goes on where it, or another process, left off. What the embeddings' server does wrong is logged once and
tried again later and later; what of a text it will never take is left without a vector.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial

import gevent
import numpy as np
import structlog

from chat.core.likeness import Rows, joined
from chat.core.log import StoreAway
from chat.core.tally import Tally
from chat.generation.embeddings import EmbeddingError, Embeddings
from chat.store import vector_spaces, vectors
from chat.store.transaction import Store, Transaction
from chat.store.vector_spaces import Space
from chat.store.vectors import Part, PartLost

log = structlog.get_logger()

ROUND_S = 2.0
BREATH_S = 0.02  # between two parts: others want to write, too
PATIENCE_S = 60.0  # for the vectors of one part
HOLD_S = 3 * PATIENCE_S  # after which another process may take a silent one's place
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 300.0  # after a failure; each next one is twice as long
LONGEST_ASKED_S = 3600.0  # that a server may want to be left alone for
STORE_PAUSES_S = (0.5, 2.0, 8.0)  # between attempts to store what was made
DOCUMENTS_AT_ONCE = 50  # of a look at what lacks
ERASED_AT_ONCE = 20  # rows of vectors that are of no use any more
SHORTEST_BYTES = 64  # of a text: what is not taken at this length is not refused for its length
MOST_REMEMBERED = 1000  # documents whose texts were too long
WORD = "word"  # a text that every model takes


class Embedding:
    """One process's round."""

    def __init__(
        self,
        store: Store,
        embeddings: Embeddings,
        *,
        process: Callable[[], str],
        is_dead: Callable[[str], bool],
        wall: Callable[[], float],
        tally: Tally,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.failing: str | None = None  # what is wrong at the moment, in words
        self._store = store
        self._embeddings = embeddings
        self._process = process
        self._is_dead = is_dead
        self._wall = wall
        self._tally = tally
        self._patience_s = patience_s
        self._space: Space | None = None  # that this process found, or opened
        self._failures = 0  # in a row
        self._most_bytes: dict[str, int] = {}  # of a document's texts, as far as the server's refusals tell

    def run(self) -> None:
        """Go round for ever; supervised by the engine."""
        while True:
            gevent.sleep(ROUND_S * random.uniform(0.8, 1.2))
            gevent.sleep(self.fill())

    def fill(self) -> float:
        """Make what lacks, as far as it goes; say how many seconds to let it be now. Never raises."""
        try:
            present = self._store.read(vector_spaces.current)
            is_new = self._space is None and present is not None  # perhaps another model is wanted than was
            if is_new or self._store.read(partial(vectors.lacking, after=0, most=1)):
                self._fill()
            while self._store.read(vector_spaces.has_old) and self._store.write(
                partial(vector_spaces.erase_some, most=ERASED_AT_ONCE)
            ):
                gevent.sleep(BREATH_S)
        except EmbeddingError as problem:
            return self._failed(problem)
        except StoreAway as away:
            log.info("vectors wait for the database", reason=str(away))
        except Exception:
            log.exception("a round of the vectors failed")
            return LONGEST_PAUSE_S
        else:
            self._failures = 0
            if self.failing:
                log.info("the embeddings' server is back")
                self.failing = None
        return 0.0

    def _failed(self, problem: EmbeddingError) -> float:
        self._tally.failed_embeddings += 1
        if problem.message != self.failing:
            log.warning("passages wait for their vectors", reason=problem.message)
            self.failing = problem.message
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return max(pause, min(problem.pause_s or 0.0, LONGEST_ASKED_S))

    # ── one round ────────────────────────────────────────────────────────────────────────────

    def _fill(self) -> None:
        space = self._held_space()
        if space is None:
            return
        try:
            while self._pass(space):
                pass
        except PartLost:
            log.info("another process makes the vectors now, or a document was deleted")
        finally:
            self._store.write(partial(vector_spaces.let_go, space=space, process=self._process()))

    def _pass(self, space: Space) -> int:
        """Make the next part of each document that lacks some; say how many vectors that were."""
        made, after = 0, 0
        while found := self._store.read(partial(vectors.lacking, after=after, most=DOCUMENTS_AT_ONCE)):
            after = found[-1][0]
            for _, document_id in found:
                made += self._make_part(space, document_id)
                gevent.sleep(BREATH_S)
        return made

    def _make_part(self, space: Space, document_id: str) -> int:
        most = self._embeddings.at_once(space.dimensions)
        part = self._store.read(partial(vectors.next_part, document_id=document_id, most=most))
        if part is None:
            return 0
        if len(self._most_bytes) > MOST_REMEMBERED:
            self._most_bytes.clear()
        rows = self._vectors(space, document_id, part.texts)
        self._keep(partial(self._put, space=space, part=part, said=vectors.written(space, rows)))
        self._tally.embedded += len(rows)
        self._failures = 0
        return len(rows)

    def _keep(self, put: Callable[[Transaction], None]) -> None:
        """Store what was made, and paid for, even if the database is away for a moment. Raises StoreAway."""
        for pause in STORE_PAUSES_S:
            try:
                return self._store.write(put)
            except StoreAway:
                gevent.sleep(pause)
        return self._store.write(put)

    def _put(self, tx: Transaction, space: Space, part: Part, said: bytes | list[str]) -> None:
        until = self._wall() + HOLD_S
        vectors.put(tx, space, part, said, process=self._process(), until=until)

    def _held_space(self) -> Space | None:
        """Give the space to fill, which no other process fills; None: there is nothing to do here.

        A process takes its own model into use once, when it first has something to do. If another process
        comes later with another model, that one is in use: else both would undo each other's work for ever.
        """
        space = self._store.read(vector_spaces.current)
        if self._space is None:
            dimensions = self._ask([WORD]).shape[1]
            self._space = space = self._store.write(partial(self._open, dimensions=dimensions))
        if space != self._space:
            raise EmbeddingError("odd", "Another process came later, and uses another model for vectors.")
        return space if self._store.write(partial(self._hold, space=space)) else None

    def _open(self, tx: Transaction, dimensions: int) -> Space:
        return vector_spaces.open_space(tx, self._embeddings.model, dimensions, self._wall())

    def _hold(self, tx: Transaction, space: Space) -> bool:
        now = self._wall()
        return vector_spaces.hold(tx, space, self._process(), now, now + HOLD_S, self._is_dead)

    # ── asking ───────────────────────────────────────────────────────────────────────────────

    def _vectors(self, space: Space, document_id: str, texts: Sequence[str]) -> Rows:
        """Give the vectors of texts; zeros for what the server will not take. Raises EmbeddingError."""
        texts = [cut(text, self._most_bytes.get(document_id)) or WORD for text in texts]
        try:
            rows = self._ask(texts)
        except EmbeddingError as problem:
            if not problem.by_text:
                raise
            self._ask([WORD])  # who will not take this has nothing against our texts
            rows = self._taken(space, document_id, texts)
        if rows.shape[1] != space.dimensions:
            said = f"The embeddings' server gives {rows.shape[1]} numbers where it gave {space.dimensions}. "
            raise EmbeddingError("odd", said + "If that is meant, start Headwater anew.")
        return rows

    def _taken(self, space: Space, document_id: str, texts: Sequence[str]) -> Rows:
        """Find out which texts the server will not take, and how much of them it does."""
        known = self._most_bytes.get(document_id)
        texts = [cut(text, known) for text in texts]
        if (rows := self._unless_refused(texts)) is not None:
            return rows
        if len(texts) > 1:
            half = len(texts) // 2
            parts = (texts[:half], texts[half:])
            return joined([self._taken(space, document_id, part) for part in parts])
        size = len(texts[0].encode())
        while (size := size * 2 // 3) >= SHORTEST_BYTES:
            if (rows := self._unless_refused([cut(texts[0], size)])) is not None:
                self._most_bytes[document_id] = min(size, known or size)
                return rows
        log.warning("the server makes no vector of a passage", document=document_id, bytes=len(texts[0]))
        return np.zeros((1, space.dimensions), np.float32)

    def _unless_refused(self, texts: Sequence[str]) -> Rows | None:
        try:
            return self._ask(texts)
        except EmbeddingError as problem:
            if not problem.by_text:
                raise
        return None

    def _ask(self, texts: Sequence[str]) -> Rows:
        return self._embeddings.embed(texts, self._patience_s)


def cut(text: str, most_bytes: int | None) -> str:
    """Give the beginning of a text, no more than so many bytes, and never half a character."""
    if most_bytes is None or len(text) * 4 <= most_bytes:
        return text
    return text.encode()[:most_bytes].decode(errors="ignore")
