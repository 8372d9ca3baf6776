"""For whoever runs the server: is it alive, does it take requests, and how does it stand?"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

import gevent
import structlog
from flask import Blueprint, Flask, Response, current_app, jsonify
from sqlalchemy import text

from chat.generation import clock
from chat.generation.pulse import Pulse
from chat.store.transaction import Store
from chat.web.caller import bearer
from chat.web.errors import NotFound, Unauthorized
from chat.web.house import EXTENSION, House, house

if TYPE_CHECKING:
    from chat.web.metrics import Metrics

log = structlog.get_logger()
ops = Blueprint("ops", __name__)

METRICS, LOOK = "headwater-metrics", "headwater-look"
PATIENCE_S = 1.0  # for the database to answer: a balancer that asks each few seconds waits no longer itself
SOON = {"Retry-After": "2"}


def install(app: Flask) -> None:
    """Give the engine the round that keeps the metrics, and `/readyz` its look at the database."""
    made: House = app.extensions[EXTENSION]
    app.extensions[LOOK] = DatabaseLook(made.store)
    pulse = Pulse(made.tally.loop_s, clock.monotonic, gevent.sleep, _measure(app, made))
    made.rounds.append(("pulse", pulse.run))


def _measure(app: Flask, made: House) -> Callable[[], None]:
    """Make the metrics, where somebody may read them; give what brings them up to date for other workers."""
    if made.settings.metrics_token is not None:
        from chat.web.metrics import Metrics, spans_processes  # late: most servers never need them

        metrics = app.extensions[METRICS] = Metrics(made)
        if spans_processes():
            return metrics.publish
    return lambda: None


@ops.get("/healthz")
def healthz() -> Response:
    """Say that the process answers; restart it when it does not. Touches nothing but the hub."""
    return jsonify(status="ok")


@ops.get("/readyz")
def readyz() -> tuple[Response, int, dict[str, str]]:
    """Say that it takes requests; 503 and why not, when it was told to go or the database is silent."""
    made = house()
    look: DatabaseLook = current_app.extensions[LOOK]
    why = "draining" if made.engine.draining else look.trouble()
    if why:
        return jsonify(status="not ready", why=why), 503, SOON
    return jsonify(status="ready", provider=made.provider.name), 200, {}


@ops.get("/metrics")
def metrics() -> Response:
    """Give the figures of all workers to whoever has the token; where none is set there is no such page."""
    token = house().settings.metrics_token
    if token is None:
        raise NotFound
    given = bearer() or ""
    if not hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        raise Unauthorized("Send the token of CHAT_METRICS_TOKEN as a bearer.")
    page: Metrics = current_app.extensions[METRICS]
    return Response(page.page(), content_type=page.content_type)


class DatabaseLook:
    """Whether the database answers, within PATIENCE_S; one look at a time, however many ask.

    It has a greenlet of its own, which ends by itself: nobody is killed inside database code.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._look: gevent.Greenlet | None = None

    def trouble(self) -> str | None:
        """Say what is wrong, without addresses or names; None when it answered."""
        if self._look is None or self._look.ready():
            self._look = gevent.spawn(self._ask)
        look = self._look
        look.join(PATIENCE_S)
        return look.value if look.ready() else "the database does not answer in time"

    def _ask(self) -> str | None:
        try:
            self._store.read(lambda conn: conn.execute(text("SELECT 1")).scalar_one())
        except Exception as error:  # noqa: BLE001  whatever it is: not ready, and the log says why
            log.warning("the database does not answer", error=type(error).__name__)
            return "the database does not answer"
        return None
