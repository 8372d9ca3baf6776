"""Any OpenAI-compatible server, through the openai SDK: it keeps the configuration, we read the bytes."""

import logging
import random
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import httpx2
import openai

from chat.generation.providers import words
from chat.generation.providers.answer import HttpAnswer
from chat.generation.providers.calling import http_client, retry_after, without_secrets
from chat.generation.providers.types import Ask, Patience, ProviderError

RETRIES = 2  # after the first try, and only before the first token
FIRST_PAUSE_S = 0.5  # doubled for the second
LONGEST_PAUSE_S = 20.0  # a server that wants more (Retry-After) is not asked again by us
MOST_REFUSED = 200  # (model, field) of which it is remembered that the model's server will not have the field
PLACEHOLDER_KEY = "none"  # a server without keys (Ollama) ignores it; the SDK wants one

log = logging.getLogger(__name__)


class OpenAIProvider:
    """See `types.Provider`."""

    name = "openai"

    def __init__(
        self,
        *,
        key: str,
        address: str,
        default_model: str,
        models: Sequence[str] = (),
        proxy: str | None = None,
        tls: ssl.SSLContext | None = None,
        patience: Patience,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.default_model = default_model
        self._models = tuple(models)
        self._key = key.strip()
        self._address = without_secrets(address)
        self._patience = patience
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._refused = set[tuple[str, str]]()  # (model, field): what is not asked of it any more
        self._client = openai.OpenAI(
            api_key=self._key or PLACEHOLDER_KEY,
            base_url=address,
            max_retries=0,  # ours are enough; they can be interrupted
            timeout=httpx2.Timeout(None, connect=patience.connect_s or None),
            # packed streams are held back by their packer, and cost us the unpacking
            default_headers={"Accept-Encoding": "identity"},
            http_client=http_client(proxy, tls, now),
        )

    def models(self) -> Sequence[str]:
        return self._models

    def served(self) -> Sequence[str]:
        try:
            response = self._client.get("/models", cast_to=httpx2.Response)
            return [str(one["id"]) for one in response.json()["data"]]
        except openai.OpenAIError as error:
            raise ProviderError("provider_failed", f"No list of models: {type(error).__name__}.") from None
        except (ValueError, KeyError, TypeError):
            raise ProviderError("provider_failed", "No list of models: it is unreadable.") from None

    def open(self, ask: Ask) -> HttpAnswer:
        return HttpAnswer(partial(self._dial, ask), self._patience, self._now, self._key)

    def _dial(self, ask: Ask) -> httpx2.Response:
        """Ask until there is an answer, or no hope for one. Raise ProviderError."""
        model = ask.model or self.default_model
        wish: dict[str, Any] = {"model": model, "messages": list(ask.messages), "stream": True}
        wish.update(ask.fields)
        wish["stream_options"] = {"include_usage": True}
        wish = {name: value for name, value in wish.items() if (model, name) not in self._refused}
        tries = 0
        while True:
            try:
                return self._send(wish)
            except openai.APIStatusError as error:
                if error.status_code in (400, 422) and self._give_in(error, wish):
                    continue
                problem, pause = words.refused(error, model, self._key), self._pause_asked(error, tries)
            except openai.APIConnectionError as error:
                problem = words.unreachable(error, self._address)
                pause = None if words.is_untrusted(error) else self._pause(tries)
            except openai.OpenAIError as error:
                log.warning("the SDK refused to ask: %s", type(error).__name__)
                raise ProviderError("provider_failed", "The model's server could not be asked.") from None
            if tries == RETRIES or pause is None:
                raise problem
            tries += 1
            log.info("asking again in %.1f s (%s)", pause, problem.code)
            self._sleep(pause)

    def _give_in(self, error: openai.APIStatusError, wish: dict[str, Any]) -> bool:
        """Leave out of the wish what the server will not have; False when there is nothing left to leave."""
        if "temperature" in wish and _blames(error, "temperature"):
            del wish["temperature"]  # models that reason often allow none but their own
            self._remember(wish["model"], "temperature")
            return True
        if wish.pop("stream_options", None):  # old servers know none, and do not always say so
            if _blames(error, "stream_options", "include_usage"):
                self._remember(wish["model"], "stream_options")
            return True
        return False

    def _remember(self, model: str, field: str) -> None:
        """Of this model only: behind one address stand many servers, and an error may quote a question."""
        if len(self._refused) < MOST_REFUSED:  # clients may name any model
            self._refused.add((model, field))

    def _send(self, wish: dict[str, Any]) -> httpx2.Response:
        """Send the wish; the answer closes the response.

        By the SDK's general door, not by `chat.completions.create`: that looks at every message of the
        history again, which is 25 ms for sixty of them, and the hub stands still meanwhile.
        """
        return self._client.post(
            "/chat/completions",
            body=wish,
            cast_to=httpx2.Response,
            stream=True,
            stream_cls=openai.Stream[Any],
        )  # type: ignore[return-value]  # cast_to wins over stream_cls

    def _pause(self, tries: int) -> float:
        return FIRST_PAUSE_S * 2.0**tries * (1 + self._jitter() / 4)

    def _pause_asked(self, error: openai.APIStatusError, tries: int) -> float | None:
        """Say how long to wait before the next try; None: do not try again."""
        status = error.status_code
        if (status not in (408, 429) and status < 500) or words.is_out_of_quota(error):
            return None
        asked = retry_after(error.response.headers)
        if asked is None:
            return self._pause(tries)
        return asked if asked <= LONGEST_PAUSE_S else None


def _blames(error: openai.APIStatusError, *names: str) -> bool:
    return any(name in error.response.text for name in names)
