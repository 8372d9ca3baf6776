"""Headwater with two gauges inside: statements sent to the database, and how long the hub stood still.

Only `make bench` starts it; nothing of this is in the product.
"""

import time

import gevent
from app import app
from flask import Response, jsonify
from sqlalchemy import event
from sqlalchemy.engine import Engine

gauges = {"statements": 0, "longest_block_ms": 0.0}
TICK_S = 0.005


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_: object) -> None:
    gauges["statements"] += 1


def _watch_the_hub() -> None:
    """A greenlet that wants to wake every 5 ms: what it wakes late is what somebody else held the hub."""
    while True:
        due = time.monotonic() + TICK_S
        gevent.sleep(TICK_S)
        late = (time.monotonic() - due) * 1000
        gauges["longest_block_ms"] = max(gauges["longest_block_ms"], late)


@app.get("/bench/gauges")
def read_gauges() -> Response:
    return jsonify(gauges)


@app.post("/bench/gauges")
def reset_gauges() -> Response:
    gauges["longest_block_ms"] = 0.0
    return jsonify(gauges)


gevent.spawn(_watch_the_hub)
