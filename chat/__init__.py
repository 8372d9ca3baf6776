"""Headwater: a self-hosted AI chat server in which an answer belongs to the server, not to a tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from chat.config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Put the app together: settings from the environment unless given, tables brought up to date.

    Nothing runs by itself before `app.extensions["headwater"].engine.start()`, which comes after the fork.
    """
    from chat.web.factory import build  # late: who needs one floor alone does not load all of them

    return build(settings)
