"""The three ways to find passages that are compared: by their words, by their vectors, and by both."""

from collections.abc import Callable
from functools import partial

from chat.core.sources import Source
from chat.core.tally import Tally
from chat.generation import clock
from chat.generation.embedding import Embedding
from chat.generation.embeddings import Embeddings
from chat.generation.retrieval import Retrieval
from chat.generation.vectors import Vectors
from chat.store.passage_search import texts
from chat.store.transaction import Store
from evals.library import READER

MOST = 8  # passages, as many as a question brings along
WAIT_S = 10.0  # for a question's vector: a real server's slow answer is no miss
CACHE_BYTES = 256 << 20

Find = Callable[[str], list[Source]]


def finders(
    store: Store, conversation_id: str, embeddings: Embeddings, likeness: float = 0.0
) -> dict[str, Find]:
    """Give each way by its name; the vectors of all passages are made first. Raises TimeoutError.

    `likeness`: what CHAT_EMBEDDING_LIKENESS says.
    """
    _embed(store, embeddings)
    vectors = Vectors(
        store,
        embeddings,
        cache_bytes=CACHE_BYTES,
        wait_s=WAIT_S,
        now=clock.monotonic,
        tally=Tally(),
        least=likeness,
    )
    return {
        "full text": _by(Retrieval(store, None), conversation_id),
        "vectors": partial(_nearest, store, vectors, conversation_id),
        "hybrid": _by(Retrieval(store, vectors), conversation_id),
    }


def _by(retrieval: Retrieval, conversation_id: str) -> Find:
    return lambda question: retrieval.find(READER.id, conversation_id, question, None)


def _nearest(store: Store, vectors: Vectors, conversation_id: str, question: str) -> list[Source]:
    seqs = vectors.nearest(READER.id, conversation_id, question, MOST)
    found = store.read(lambda conn: texts(conn, READER.id, conversation_id, seqs))
    return [
        Source(number, one.document_id, one.document, one.number, one.page, one.heading, one.text)
        for number, one in enumerate(found, 1)
    ]


def _embed(store: Store, embeddings: Embeddings) -> None:
    round_ = Embedding(
        store,
        embeddings,
        process=lambda: "evals",
        is_dead=lambda process: False,
        wall=clock.wall,
        tally=Tally(),
    )
    if round_.fill():
        raise TimeoutError(round_.failing)
