"""A refusal to ask a provider at all: an exception for who drives, and a source for what nobody drives."""

from collections.abc import Iterator
from typing import NoReturn

from chat.generation.providers.types import Item, ProviderError


class Refused(Exception):
    """Nobody is asked for this stream now; `message` is for the person, `wait_s` until it is worth trying."""

    def __init__(self, code: str, message: str, wait_s: float) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.wait_s = wait_s


class RefusedSource:
    """A source that gives nothing and costs nothing: the stream ends at once, and says why."""

    def __init__(self, refused: Refused) -> None:
        self._refused = refused

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> NoReturn:
        raise ProviderError(self._refused.code, self._refused.message)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def estimate(self, answered: str) -> None:
        return None
