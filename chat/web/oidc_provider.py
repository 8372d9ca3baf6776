"""The OpenID Connect provider, through Authlib: sends browsers there, and believes only what it can check."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import requests
import structlog
from authlib.integrations.base_client import MismatchingStateError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth, OAuthError
from flask import Flask, Response, current_app
from joserfc.errors import JoseError

from chat.core.logins import parse_name
from chat.web.house import House, house
from chat.web.round_trip import ROUND_TRIP_S, keep_round_trips

log = structlog.get_logger()

NAME, EXTENSION = "oidc", "authlib.integrations.flask_client"
PATIENCE_S = 10.0  # with each of its answers: somebody waits before a blank page
SCOPE = "openid profile email"
LONGEST = 255  # characters of an issuer and of a subject, as the table holds them

SAID_NO = "{name} did not let you in. Try again, or ask whoever runs this server."
TOO_LATE = f"This log-in was begun elsewhere, or over {ROUND_TRIP_S // 60} minutes ago. Begin again."
NOT_TRUE = "What {name} said about you does not hold. Try again; if it stays so, tell who runs this server."
AWAY = "{name} cannot be reached just now. Try again in a moment."


class NotLetIn(Exception):
    """Nobody came back whom one may believe; the message says so to people."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words.format(name=house().settings.oidc_name))
        self.status = status


class Unbelievable(ValueError):
    """The provider said what cannot be."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is to the provider: `issuer` and `subject` say who, the rest is what to call them."""

    issuer: str
    subject: str
    name: str  # "" where it says none
    login: str  # likewise; an e-mail address only where the provider has checked it


def install(app: Flask, made: House, path: str) -> None:
    """Make the client of the provider that the settings name; our routes for it are below `path`."""
    settings = made.settings
    assert settings.oidc_issuer, "who has none does not come here"
    assert settings.oidc_client_secret, "the settings have both or neither"
    keep_round_trips(app, settings.signing_secret(), path)
    OAuth(app).register(
        NAME,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "default_timeout": PATIENCE_S},
    )


def send_there(back: str) -> Response:
    """Send the browser to the provider, which sends it `back`. Raises NotLetIn."""
    with _in_words():
        client = _checked_client()
        return cast(Response, client.authorize_redirect(back))


def who_came_back() -> Identity:
    """Say who it is whom the provider sent back with this request. Raises NotLetIn."""
    with _in_words():
        client = _checked_client()
        issuer = client.server_metadata["issuer"]
        expected = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client.client_id},  # Authlib alone is content with `azp`
            "sub": {"essential": True},
        }
        token = client.authorize_access_token(claims_options=expected)
        if "userinfo" not in token:
            raise Unbelievable("no id_token came")
        return read_identity(issuer, token["userinfo"])


def read_identity(issuer: str, claims: dict[str, Any]) -> Identity:
    """Take what is of use from claims that hold. Raises Unbelievable."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST or not subject.isprintable():
        raise Unbelievable("its subject is no name for anybody")

    def text(claim: str) -> str:
        found = claims.get(claim)
        return found if isinstance(found, str) else ""

    email = text("email") if claims.get("email_verified") is True else ""
    name = parse_name(text("name")) or parse_name(text("preferred_username"))
    return Identity(issuer, subject, name, email or text("preferred_username"))


def _checked_client() -> FlaskOAuth2App:
    """Give the client once the provider has said who it is. Raises Unbelievable, and what requests raises."""
    client: FlaskOAuth2App = current_app.extensions[EXTENSION].create_client(NAME)
    said = client.load_server_metadata()
    issuer, ours = said.get("issuer"), str(house().settings.oidc_issuer)
    if not isinstance(issuer, str) or issuer.rstrip("/") != ours.rstrip("/") or len(issuer) > LONGEST:
        said.pop("_loaded_at", None)  # asked anew the next time
        raise Unbelievable(f"it calls itself {issuer}")
    # What anybody could sign who knows no key of the provider's is no signature, whatever it offers.
    offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
    said["id_token_signing_alg_values_supported"] = [one for one in offered if str(one)[:2] in _BY_KEY_PAIR]
    return client


_BY_KEY_PAIR = ("RS", "PS", "ES", "Ed")  # the beginnings of the names of algorithms


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what can go wrong on the way into words for who waits. Raises NotLetIn; the log has the reason."""
    try:
        yield
    except MismatchingStateError as error:
        raise NotLetIn(TOO_LATE, 400) from error
    except OAuthError as error:
        log.warning("the OIDC provider refused", error=error.error)
        raise NotLetIn(SAID_NO, 403) from error
    except (JoseError, Unbelievable) as error:
        log.warning("the OIDC provider said what does not hold", error=str(error))
        raise NotLetIn(NOT_TRUE, 403) from error
    except (requests.RequestException, RuntimeError, ValueError, KeyError, TypeError) as error:
        log.warning("the OIDC provider does not answer as one", error=f"{type(error).__name__}: {error}")
        raise NotLetIn(AWAY, 503) from error
