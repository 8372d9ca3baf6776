"""What a person is told when the model's server does not answer as it should: plain words, never the key."""

import ssl
from functools import partial

import httpx2
import openai

from chat.generation.providers.quoting import with_quote, without_key
from chat.generation.providers.types import ProviderError

LONGEST_NAME = 100  # characters of a model id, which the person may have made up

TRUNCATED = partial(
    ProviderError,
    "truncated",
    "The connection to the model's server ended before the answer was complete.",
    retryable=True,
)
NOT_A_STREAM = partial(
    ProviderError,
    "not_a_stream",
    "What answered is not a model's server, or not at this address: no stream of tokens came. "
    "The address is set by OPENAI_BASE_URL and usually ends in /v1.",
)
TOO_LARGE = partial(
    ProviderError,
    "too_large",
    "The model's server sent a single line of over a megabyte; the answer ends here.",
)


def failed_midway(said: str, key: str = "") -> ProviderError:
    """Word an error that came in the stream itself."""
    text = with_quote("The model's server reported an error", without_key(said, key))
    return ProviderError("provider_failed", text, retryable=True)


def no_first_token(seconds: float) -> ProviderError:
    return ProviderError(
        "first_token_timeout", f"The model's server said nothing for {seconds:g} seconds.", retryable=True
    )


def stalled(seconds: float) -> ProviderError:
    return ProviderError(
        "stalled",
        f"The model's server fell silent in the middle of the answer, for {seconds:g} seconds.",
        retryable=True,
    )


def unreachable(error: openai.APIConnectionError, address: str) -> ProviderError:
    """Word a connection that was not to be had, or broke before the server said a word."""
    text = f"The model's server could not be reached at {address}."
    if is_untrusted(error):
        text = f"The model's server at {address} shows a certificate that is not trusted here."
    elif isinstance(error, openai.APITimeoutError):
        text = f"The model's server could not be reached in time at {address}."
    elif isinstance(error.__cause__, httpx2.RemoteProtocolError):
        text = f"What answered at {address} did not speak HTTP to the end."
    return ProviderError("provider_unreachable", text, retryable=True)


def is_untrusted(error: BaseException) -> bool:
    """Say whether a certificate was refused: asking again would not help."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__
    return False


def refused(error: openai.APIStatusError, model: str, key: str) -> ProviderError:
    """Word an answer that is not 200."""
    status, said = error.status_code, _said(error, key)
    if status == 401:
        return ProviderError("provider_refused", "The model's server refused the key (401).")
    if status == 403:
        return ProviderError(
            "provider_refused", with_quote("The model's server does not allow this (403)", said)
        )
    if status == 404:
        name = model[:LONGEST_NAME]
        text = f"The model's server does not know the model “{name}”, or its address is wrong (404)"
        return ProviderError("provider_refused", with_quote(text, said))
    if status == 429:
        if is_out_of_quota(error):
            return ProviderError(
                "provider_refused", "The quota of the key is used up, says the model's server (429)."
            )
        return ProviderError(
            "provider_busy", "The model's server is busy (429). Try again soon.", retryable=True
        )
    if 300 <= status < 400:
        text = f"The model's server sent us to another address ({status}), which is not followed."
        return ProviderError("provider_refused", text)
    if status >= 500:
        text = with_quote(f"The model's server failed ({status})", said)
        return ProviderError("provider_failed", text, retryable=True)
    return ProviderError(
        "provider_refused", with_quote(f"The model's server refused the question ({status})", said)
    )


def is_out_of_quota(error: openai.APIStatusError) -> bool:
    """Say whether waiting would not help: the money is gone, not the moment."""
    return error.code == "insufficient_quota"


def _said(error: openai.APIStatusError, key: str) -> str:
    body = error.body
    text = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    return without_key(text, key) if isinstance(text, str) else ""
