"""Sources: the numbered passages that an answer may cite, as they were when it was asked for."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer was given under this number (from 1).

    It stays as it was then, whatever becomes of the document. `passage` is its number in the document.
    `quote` is the part of `text` that the answer rests on: two offsets in characters, once that is known.
    """

    number: int
    document_id: str
    document: str  # its name
    passage: int
    page: int | None
    heading: str
    text: str
    quote: tuple[int, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it as it is stored and sent; `quote` as a list of two."""
        return {**asdict(self), "quote": list(self.quote) if self.quote else None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave. Raises KeyError, TypeError."""
        quote = stored["quote"]
        return cls(**{**stored, "quote": tuple(quote) if quote else None})
