"""Finding the sources of an answer: by the question's words and, where there are vectors, by its meaning."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Protocol

import gevent
import structlog

from chat.core.fusion import fuse
from chat.core.ranking import Term
from chat.core.sources import Source
from chat.core.stems import terms
from chat.core.tokens import tokens_of
from chat.store.drawn_on import look
from chat.store.passage_search import texts
from chat.store.passages import Found
from chat.store.transaction import Store

log = structlog.get_logger()

DEEP = 40  # passages of each list that are joined
FEW = 2  # words that say something: a question of no more goes on with the one before
EARLIER = 0.5  # what all words of the question before are worth together, beside those of its own
AROUND = 40  # tokens that a passage costs beside its text, about


class Near(Protocol):
    """Who finds by meaning: see `chat.generation.vectors`."""

    def nearest(self, person_id: str, conversation_id: str, text: str, most: int) -> list[int]: ...


class Retrieval:
    """Finds passages of documents; of a conversation's own, and of somebody's library.

    `most`: passages, beside those of documents that are given whole. `tokens`: what is attached to a
    conversation is given whole if it is no more than that. 0: any number.
    """

    def __init__(
        self, store: Store, vectors: Near | None = None, *, most: int = 8, tokens: int = 3000
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._most = most or DEEP
        self._tokens = tokens

    def find(
        self, person_id: str, conversation_id: str, question: str, earlier: str | None = None
    ) -> list[Source]:
        """Find what answers this person's question in this conversation, numbered from 1, the best first.

        What is attached to the conversation comes first, and whole, if it is short. `earlier`: the question
        before, which one of few words goes on with. Where nothing answers it, there is nothing.
        """
        own = terms(question)
        before = terms(earlier) if earlier and len(own) <= FEW else []
        wanted = _weighted(own, before)
        asker = (person_id, conversation_id)
        asked = f"{earlier}\n{question}" if before else question
        nearing = gevent.spawn(self._near, *asker, asked if wanted else "")
        try:
            gevent.sleep(0)  # it asks for the question's vector, or compares: none of that needs us
            drawn = self._store.read_apart(lambda conn: look(conn, *asker, wanted, DEEP, self._fits))
            near = nearing.get()
        finally:
            nearing.kill(block=False)
        given = {one.document_id for one in drawn.whole}
        found = [one for one in _joined(drawn.found, near) if one.document_id not in given]
        return _sources([*drawn.whole, *(found or drawn.beginnings)[: self._most]])

    def _near(self, person_id: str, conversation_id: str, text: str) -> list[Found]:
        """Find by meaning. Never raises: whatever is wrong with vectors, words are found without them."""
        if self._vectors is None or not text:
            return []
        try:
            seqs = self._vectors.nearest(person_id, conversation_id, text, DEEP)
            read = partial(texts, person_id=person_id, conversation_id=conversation_id, seqs=seqs)
            return self._store.read(read)
        except Exception:
            log.exception("nothing was found by meaning", conversation=conversation_id)
            return []

    def _fits(self, found: Sequence[Found]) -> bool:
        return not self._tokens or sum(tokens_of(one.text) + AROUND for one in found) <= self._tokens


def _weighted(own: Sequence[tuple[str, ...]], before: Sequence[tuple[str, ...]]) -> list[Term]:
    """Weigh the words of a question, and those of the one before it, that are not among them."""
    more = [forms for forms in before if forms not in own]
    worth = EARLIER * min(1.0, len(own) / len(more)) if own and more else 1.0
    return [*(Term(forms, 1.0) for forms in own), *(Term(forms, worth) for forms in more)]


def _joined(said: Sequence[Found], near: Sequence[Found]) -> list[Found]:
    """Join what was found by words and by meaning, the best first.

    What says the same as a better one is left out: it is of a document that is there twice.
    """
    found = {one.seq: one for one in (*said, *near)}
    unlike: dict[str, Found] = {}
    for seq in fuse([one.seq for one in said], [one.seq for one in near]):
        unlike.setdefault(found[seq].text, found[seq])
    return list(unlike.values())


def _sources(found: Iterable[Found]) -> list[Source]:
    return [
        Source(number, one.document_id, one.document, one.number, one.page, one.heading, one.text)
        for number, one in enumerate(found, 1)
    ]
