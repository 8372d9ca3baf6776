"""For whoever runs the server: is it alive, and does it take requests?"""

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from chat.web.errors import ServerLeaving
from chat.web.house import house

ops = Blueprint("ops", __name__)


@ops.get("/healthz")
def healthz() -> Response:
    """Say that the process answers; restart it when it does not."""
    return jsonify(status="ok")


@ops.get("/readyz")
def readyz() -> Response:
    """Say that it takes requests: the database answers, and nobody told the process to go (503)."""
    made = house()
    if made.engine.draining:
        raise ServerLeaving
    made.store.read(lambda conn: conn.execute(text("SELECT 1")).scalar_one())
    return jsonify(status="ready", provider=made.provider.name)
