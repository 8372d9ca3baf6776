"""Flask's session, for one round trip to a provider alone: a short-lived cookie for those routes only."""

from datetime import timedelta
from hashlib import sha256

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

ROUND_TRIP_S = 600  # in which somebody finds their password over there


class RoundTripCookie(SecureCookieSessionInterface):
    """Signed as Flask does it; over HTTPS never in the clear."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def keep_round_trips(app: Flask, secret: str, path: str) -> None:
    """Let the routes below `path` remember, in the browser, what they sent it away with."""
    app.session_interface = RoundTripCookie()
    app.secret_key = sha256(b"headwater-round-trip\n" + secret.encode()).hexdigest()  # signs nothing else
    app.config.update(
        SESSION_COOKIE_NAME="headwater-login",
        SESSION_COOKIE_PATH=path,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # it has to come along when the provider sends the browser back
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=ROUND_TRIP_S),
        SESSION_REFRESH_EACH_REQUEST=False,
    )
