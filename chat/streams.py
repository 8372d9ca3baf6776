"""The Python face of streams: any generator of text can feed one, and whoever may read it follows.

    from chat import streams

    stream_id = streams.create(created_by=person_id)
    streams.run(stream_id, generate)        # in the background, stored, whoever listens or leaves

Readers use the same routes as for an answer: `POST /api/streams/<id>` follows token by token,
`GET /api/streams/<id>/events` batch by batch. Call these inside an app context.
"""

from collections.abc import Callable, Iterable

from chat.store.transaction import Transaction
from chat.web.house import house
from chat.web.ids import new_id


def create(*, created_by: str, chunk_by: str | None = None) -> str:
    """Make a pending stream that the person `created_by` may read; return its id.

    It waits for `run`; after 15 minutes without one it is interrupted.
    """
    made, stream_id = house(), new_id()
    by = chunk_by or made.settings.chunk_by

    def add(tx: Transaction) -> None:
        made.streams.create(tx, stream_id, chunk_by=by, created_by=created_by)

    made.store.write(add)
    return stream_id


def run(stream_id: str, generate: Callable[[], Iterable[str]]) -> bool:
    """Feed a pending stream with the text that `generate()` yields, in a greenlet of its own; return at once.

    False when the stream is not pending: somebody else runs it, or has. What `generate` raises ends the
    stream as an error with its text kept; a stop is heard between two pieces. Raises Draining.
    """
    return house().engine.run(stream_id, generate)
