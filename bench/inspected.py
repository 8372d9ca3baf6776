"""Headwater with gauges inside: statements and chunks sent to the database, how long the hub stood still.

Only `make bench` starts it; nothing of this is in the product.
"""

import time
from typing import Any

import gevent
from flask import Response, jsonify
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app import app

gauges = {"statements": 0, "chunks": 0, "longest_block_ms": 0.0, "longest_work_ms": 0.0}
TICK_S = 0.005


@event.listens_for(Engine, "before_cursor_execute")
def _count(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
    gauges["statements"] += 1
    if statement.startswith("INSERT INTO chunks"):
        gauges["chunks"] += len(parameters) if many else 1


def _watch_the_hub() -> None:
    """A greenlet that wants to wake every 5 ms: what it wakes late is what somebody else held the hub.

    A busy machine makes it late as well; then this thread had no processor, which its own clock shows.
    """
    while True:
        due, used = time.monotonic() + TICK_S, time.thread_time()
        gevent.sleep(TICK_S)
        late, busy = (time.monotonic() - due) * 1000, (time.thread_time() - used) * 1000
        gauges["longest_block_ms"] = max(gauges["longest_block_ms"], late)
        gauges["longest_work_ms"] = max(gauges["longest_work_ms"], min(late, busy))


@app.get("/bench/gauges")
def read_gauges() -> Response:
    return jsonify(gauges)


@app.post("/bench/gauges")
def reset_gauges() -> Response:
    gauges["longest_block_ms"] = gauges["longest_work_ms"] = 0.0
    return jsonify(gauges)


gevent.spawn(_watch_the_hub)
