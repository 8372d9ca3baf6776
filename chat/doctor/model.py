"""The model's server: reachable, with a key that it takes. A question is put only to who wants it."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx2

from chat.composition import choose_provider
from chat.config import Settings
from chat.doctor.finding import Finding, ok, one_line, warning, wrong
from chat.doctor.said import without_password
from chat.generation.providers import OPENAI
from chat.generation.providers.types import Ask, Delta, ProviderError

PATIENCE_S = 10.0
REFUSED = (401, 403)


def examine(settings: Settings, *, ask: bool) -> Iterator[Finding]:
    """List the models, which costs nothing; put a question where that is wanted."""
    if not settings.has_real_provider:
        yield ok("model", "no key and no address is set: the built-in demo answers.")
        return
    yield _listed(settings)
    if ask:
        yield _asked(settings)


def _listed(settings: Settings) -> Finding:
    address = (settings.openai_base_url or OPENAI).rstrip("/")
    shown = without_password(address)
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    try:
        answer = httpx2.get(
            f"{address}/models", headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=PATIENCE_S
        )
    except (httpx2.HTTPError, OSError, ValueError) as error:
        return wrong(
            "model",
            f"{shown} cannot be reached: {one_line(error)}.",
            "Check OPENAI_BASE_URL, and that this machine may go there (a proxy is named by HTTPS_PROXY).",
        )
    if answer.status_code in REFUSED:
        return wrong("model", f"{shown} refuses the key ({answer.status_code}).", "Check OPENAI_API_KEY.")
    if answer.status_code != 200:
        return warning(
            "model",
            f"{shown} has no list of models (it said {answer.status_code}); it may answer all the same.",
            "Try a question, which may cost a little: python -m chat doctor --ask",
        )
    return _offered(settings, shown, _names(answer))


def _offered(settings: Settings, shown: str, names: set[str]) -> Finding:
    wanted = [name for name in (settings.model, *settings.models) if name]
    missing = sorted({name for name in wanted if names and name not in names})
    if missing:
        return warning(
            "model",
            f"{shown} answers, and does not list {', '.join(missing)}.",
            "Check CHAT_MODEL and CHAT_MODELS; try it with --ask.",
        )
    return ok("model", f"{shown} answers, and lists {len(names)} models.")


def _names(answer: Any) -> set[str]:
    try:
        return {str(model["id"]) for model in answer.json()["data"]}
    except (ValueError, KeyError, TypeError):
        return set()


def _asked(settings: Settings) -> Finding:
    question = Ask([{"role": "user", "content": "Say: ok"}])
    try:
        with closing(choose_provider(settings).open(question)) as answer:
            if any(isinstance(item, Delta) for item in answer):
                return ok("question", "the model answered.")
    except ProviderError as problem:
        return wrong("question", problem.message, "Check the model's name, the key, and what it may spend.")
    return wrong("question", "the model answered without a word.", "Try another CHAT_MODEL.")
