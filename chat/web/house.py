"""The composition object of the running app, and the typed way to reach it from a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app

from chat.web.shared_looks import SharedLooks

if TYPE_CHECKING:
    from chat.config import Settings
    from chat.core.tally import Tally
    from chat.generation.catalogue import Catalogue
    from chat.generation.engine import Engine
    from chat.generation.providers.types import Provider
    from chat.generation.retrieval import Retrieval
    from chat.generation.vectors import Vectors
    from chat.live.bell import Bell
    from chat.live.logs import Logs
    from chat.live.shared_tape import SharedTapes
    from chat.live.tape import Tapes
    from chat.store.budgets import Budgets
    from chat.store.charging import Charges
    from chat.store.costs import Prices
    from chat.store.streams import Streams
    from chat.store.transaction import Store
    from chat.web.feed import Feeds
    from chat.web.presence import Presence
    from chat.web.rates import Rates
    from chat.web.signer import Signer

EXTENSION = "headwater"


@dataclass(slots=True)
class House:
    """Everything that `create_app` put together; one per app, handed out by `house()`."""

    settings: Settings
    store: Store
    streams: Streams
    bell: Bell
    tapes: Tapes
    logs: Logs
    feeds: Feeds
    engine: Engine
    provider: Provider
    models: Catalogue
    signer: Signer
    rates: Rates
    budgets: Budgets
    prices: Prices
    charges: Charges
    now: Callable[[], float]  # wall clock, seconds
    tally: Tally
    retrieval: Retrieval
    vectors: Vectors | None  # where an embeddings' model is configured
    shared: SharedTapes
    presence: Presence
    looks: SharedLooks = field(default_factory=SharedLooks)
    leaving: list[Callable[[], None]] = field(default_factory=list)  # each gives back what it holds, soon
    rounds: list[tuple[str, Callable[[], None]]] = field(default_factory=list)  # for `engine.start`


def house() -> House:
    """Give the composition of the app that serves this request."""
    return cast(House, current_app.extensions[EXTENSION])


def install(app: Flask, made: House) -> None:
    """Put the composition where `house()` and gunicorn.conf.py look for it."""
    app.extensions[EXTENSION] = made
