"""The model of vectors that is configured, as the server would ask it."""

from chat.composition import choose_embeddings
from chat.config import load_or_leave
from chat.generation.embeddings import Embeddings


def configured() -> Embeddings:
    """Give its client. Leaves, with a word, where none is configured."""
    embeddings = choose_embeddings(load_or_leave())
    if embeddings is None:
        raise SystemExit("No model of vectors is configured: see CHAT_EMBEDDING_MODEL in the README.")
    return embeddings
