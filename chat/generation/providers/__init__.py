"""Where answers come from, each behind the same face; this file chooses."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed lacks it

from chat.generation.providers.demo import DemoProvider
from chat.generation.providers.types import Patience, Provider

OPENAI = "https://api.openai.com/v1"
SMALL_MODEL = "gpt-5.4-mini"  # of OpenAI's, where nobody names one


def choose(
    *,
    key: str,
    address: str,
    model: str,
    models: Sequence[str],
    patience: Patience,
    proxies: Mapping[str, str],
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> Provider:
    """Choose by what was set: a key or an address means a real provider, neither means the demo.

    `proxies` is what `urllib.request.getproxies()` says; `now` is monotonic seconds. Empty strings are unset.
    """
    if not (key or address):
        return DemoProvider(sleep, models)
    # imported only here: the SDK takes a second to load, and the demo must start at once
    from chat.generation.providers.openai import OpenAIProvider

    address = address or OPENAI
    return OpenAIProvider(
        key=key,
        address=address,
        default_model=model or (models[0] if models else SMALL_MODEL),
        models=models,
        proxy=proxy_for(address, proxies),
        patience=patience,
        now=now,
        sleep=sleep,
    )


def proxy_for(address: str, proxies: Mapping[str, str]) -> str | None:
    """Say which proxy stands before an address, by the rules of `*_proxy` and `no_proxy`."""
    parts = urlsplit(address)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass_environment(parts.netloc.rpartition("@")[2], dict(proxies)):
        return None
    return proxy
