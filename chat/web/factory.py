"""The Flask app, put together in small steps around the house that `compose` made."""

from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from chat import logs
from chat.composition import choose_provider, compose
from chat.config import Settings, SettingsError, leave, load_or_leave
from chat.web import cookie, cors, database, errors, gate, headers, house, ops
from chat.web.routes import register
from chat.web.signer import Signer

ROOT = Path(__file__).resolve().parent.parent.parent


def build(settings: Settings | None = None) -> Flask:
    """See `chat.create_app`."""
    settings = settings or load_or_leave()
    logs.install(settings)
    app = Flask("chat", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    _setup_limits(app, settings)
    _setup_proxies(app, settings)
    _setup_house(app, settings)
    # In the order in which a request meets them.
    for part in (errors, cors, gate, cookie, headers, ops):
        part.install(app)
    register(app)
    if settings.oidc_issuer:
        from chat.web import oidc  # late: with it come an HTTP client and much cryptography

        oidc.install(app)
    return app


def _setup_limits(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = settings.body_bytes or None
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.body_bytes or None


def _setup_proxies(app: Flask, settings: Settings) -> None:
    hops = settings.trusted_proxies
    if hops:
        wrapped = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = wrapped  # type: ignore[method-assign]


def _setup_house(app: Flask, settings: Settings) -> None:
    try:
        engine = database.install(app, settings)
    except SettingsError as error:
        leave(error)
    signer = Signer(settings.signing_secret())
    house.install(app, compose(settings, engine, choose_provider(settings), signer))
