"""The catalogue: which models may be asked for; the server's own list is fetched behind everybody's back."""

from collections.abc import Callable, Sequence
from typing import Any

import gevent
import structlog

from chat.generation.providers.types import ProviderError

log = structlog.get_logger()

FRESH_S = 600.0  # for which a list is taken as it is
AGAIN_S = 60.0  # after a failure
PATIENCE_S = 5.0  # for the whole answer
MOST = 1000  # ids that are listed; OpenRouter has some hundreds
LONGEST = 200  # characters of an id, as the tables hold them


class Catalogue:
    """The models of one provider.

    `named` are those that this deployment allows; where it names none, `fetch` asks the model's server, which
    may block and may fail.
    """

    def __init__(
        self,
        named: Sequence[str],
        default: str,
        fetch: Callable[[], Sequence[str]],
        clock: Callable[[], float],
    ) -> None:
        self.default = default
        self._named = tuple(named)
        self._fetch = fetch
        self._clock = clock
        self._found: tuple[str, ...] = ()
        self._due = float("-inf")
        self._fetching: gevent.Greenlet[Any] | None = None

    def listed(self) -> tuple[str, ...]:
        """Give the ids one may choose from, the default among them. Never waits: what is known now."""
        if self._named:
            return self._named
        if self._fetching is None and self._clock() >= self._due:
            self._fetching = gevent.spawn(self._refresh)
        return self._found if self.default in self._found else (self.default, *self._found)

    def _refresh(self) -> None:
        wait_s = AGAIN_S  # and what was known stays
        try:
            with gevent.Timeout(PATIENCE_S):
                found = self._fetch()
            self._found = tuple(sorted({one for one in found if _is_id(one)}))[:MOST]
            wait_s = FRESH_S
        except (ProviderError, gevent.Timeout) as problem:
            log.info("the list of models could not be had", problem=str(problem))
        except Exception:
            log.exception("the list of models could not be had")
        finally:
            self._due, self._fetching = self._clock() + wait_s, None


def _is_id(found: str) -> bool:
    return 0 < len(found) <= LONGEST and found.isprintable()
