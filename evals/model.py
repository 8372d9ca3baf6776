"""The model of vectors that is configured, as the server would ask it."""

from urllib.request import getproxies

from chat.config import load_or_leave
from chat.generation import clock
from chat.generation.embeddings import Embeddings

OPENAI = "https://api.openai.com/v1"


def configured() -> Embeddings:
    """Give its client. Leaves, with a word, where none is configured."""
    settings = load_or_leave()
    if settings.embedding_model is None:
        raise SystemExit(
            "No model of vectors is configured: set CHAT_EMBEDDING_MODEL, and EMBEDDING_BASE_URL."
        )
    address = settings.embedding_base_url or settings.openai_base_url or OPENAI
    scheme = address.partition(":")[0]
    return Embeddings(
        address=address,
        key=settings.embedding_key(),
        model=settings.embedding_model,
        dimensions=settings.embedding_dimensions,
        proxy=getproxies().get(scheme),
        now=clock.monotonic,
    )
