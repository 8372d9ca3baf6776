"""The embeddings' server that `evals.hashing` stands in for, as the server's own parts ask it."""

from collections.abc import Sequence

from chat.core.likeness import Rows
from chat.generation.embeddings import MOST_AT_ONCE, Embeddings
from evals.hashing import DIMENSIONS, embed


class StandIn(Embeddings):
    """Answers at once, in this process, and never fails."""

    def __init__(self) -> None:
        self.model = "hashing"
        self.dimensions = DIMENSIONS

    def embed(self, texts: Sequence[str], within_s: float) -> Rows:
        return embed(texts)

    def at_once(self, dimensions: int) -> int:
        return MOST_AT_ONCE
