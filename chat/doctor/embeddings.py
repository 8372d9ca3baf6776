"""The embeddings' server: whether it makes a vector of a word, which costs next to nothing."""

import time
from collections.abc import Iterator

from chat.composition import choose_embeddings
from chat.config import Settings
from chat.core.yardstick import TEXTS, measured
from chat.doctor.finding import Finding, ok, warning, wrong
from chat.generation.embeddings import EmbeddingError, Embeddings

PATIENCE_S = 10.0
CHECK = (
    "Check CHAT_EMBEDDING_MODEL, EMBEDDING_BASE_URL and EMBEDDING_API_KEY. Until then words alone are found."
)


def examine(settings: Settings) -> Iterator[Finding]:
    """Ask for the vector of one word, where a model is set."""
    embeddings = choose_embeddings(settings)
    if embeddings is None:
        return
    began = time.monotonic()
    try:
        rows = embeddings.embed(["word"], PATIENCE_S)
    except EmbeddingError as problem:
        yield wrong("embeddings", problem.message, CHECK)
        return
    took = time.monotonic() - began
    if took > settings.embedding_s:
        yield warning(
            "embeddings",
            f"{embeddings.model} took {took:.1f} s for a word; questions wait {settings.embedding_s:g} s.",
            "Ask again: it may have been loaded just now. Else raise CHAT_EMBEDDING_S, or take a faster one.",
        )
        return
    said = f"{embeddings.model} gives vectors of {rows.shape[1]} numbers, in {took:.1f} s."
    yield ok("embeddings", f"{said} {_likeness(embeddings, settings.embedding_likeness)}")


def _likeness(embeddings: Embeddings, least: float) -> str:
    """Say what this model's likeness means: nobody could choose CHAT_EMBEDDING_LIKENESS without."""
    try:
        found = measured(embeddings.embed(TEXTS, PATIENCE_S))
    except EmbeddingError as problem:
        return f"How alike texts are to it could not be asked: {problem.message}"
    return (
        f"To it, texts about different things are alike up to {found.apart:.2f}, a question and what answers "
        f"it from {found.together:.2f} on; CHAT_EMBEDDING_LIKENESS is {least:g}."
    )
