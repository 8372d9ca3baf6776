"""Answers that were given sources, as tests of pages need them: stored where the real ones are."""

from collections.abc import Sequence
from typing import Any

from chat.core.lifecycle import Status
from chat.core.sources import Source
from chat.store import citations
from chat.store.streams import Batch
from chat.web.house import House

PASSAGE = "Springs lie high. A river <b>rises</b> where the first of them overflows. Bogs give less."
CITING = "Rivers rise in springs [1], and in bogs [2][12]."


def source(number: int, document: str = "river.pdf", **fields: Any) -> Source:
    """Make a source; every number is another passage of the same document."""
    usual = {"document_id": "d" * 24, "passage": number, "page": 3, "heading": "Rivers › Where they begin"}
    return Source(number=number, document=document, **{**usual, "text": PASSAGE, **fields})


SOURCES = (source(1), source(2, "moors.md", page=None), source(3, "never cited.txt"), source(12, heading=""))


def give(
    house: House,
    stream_id: str,
    epoch: int,
    sources: Sequence[Source] = SOURCES,
    left_out: int = 0,
    unread: int = 0,
) -> None:
    """Give an answer that is claimed its sources."""
    given = house.store.write(lambda tx: citations.offer(tx, stream_id, epoch, sources, left_out, unread))
    assert given is not None


def begin(house: House, stream_id: str, text: str = "", **given: Any) -> int:
    """Claim an answer, give it its sources, and store so much of its text; gives the epoch to write under."""
    claimed = house.streams.claim(stream_id, {Status.PENDING})
    assert claimed is not None
    give(house, stream_id, claimed.epoch, **given)
    if text:
        assert not house.streams.append([Batch(stream_id, claimed.epoch, 0, text)])
    return claimed.epoch


def finish(house: House, stream_id: str, text: str = CITING, **given: Any) -> None:
    """Answer with sources, from the beginning to the end."""
    epoch = begin(house, stream_id, **given)
    assert house.streams.close(stream_id, epoch, Status.DONE, text=text, finish_reason="stop")
