"""A stream that no model writes: `gunicorn examples.countdown:app`, then POST /api/countdown {"from": 10}.

Any generator of text can feed a stream, which is then driven, followed, stopped and stored like an answer.
"""

from collections.abc import Iterator
from functools import partial

import gevent
from flask import Response, jsonify, request

from chat import create_app, streams
from chat.web.access import current_person

app = create_app()


@app.post("/api/countdown")
def begin() -> tuple[Response, int]:
    """Start counting in the background; the caller may read `/api/streams/<stream_id>` as it grows."""
    first = min(int(request.get_json().get("from", 10)), 1000)
    stream_id = streams.create(created_by=current_person().id, chunk_by="word")
    streams.run(stream_id, partial(count_down, first))
    return jsonify(stream_id=stream_id), 201


def count_down(first: int) -> Iterator[str]:
    """Give one number after the other, at their pace."""
    for number in range(first, 0, -1):
        yield f"{number} … "
        gevent.sleep(0.1)
    yield "lift-off 🚀"
