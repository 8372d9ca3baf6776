"""An answer that comes over HTTP: reads it, watches over the silence, and can be cut from any greenlet."""

import inspect
import logging
import math
from collections.abc import Callable, Generator, Iterator
from typing import Any, Self

import gevent
import httpx2

from chat.generation.providers.calling import cut_response
from chat.generation.providers.decode import AnswerDecoder
from chat.generation.providers.framing import BadFraming, Unpacker
from chat.generation.providers.types import Aborted, Finished, Item, Patience, ProviderError
from chat.generation.providers.words import NOT_A_STREAM, no_first_token, stalled

# A server may be faster than we are: its bytes then lie ready at each read, and no read would ever wait. So
# others get their turn after so many pieces of at most 16 KB, which cost about a millisecond each.
PIECES_AT_ONCE = 16

log = logging.getLogger(__name__)


class HttpAnswer:
    """See `types.Answer`. `dial` connects and returns the response; it raises ProviderError."""

    def __init__(
        self,
        dial: Callable[[], httpx2.Response],
        patience: Patience,
        now: Callable[[], float],
        key: str = "",
    ) -> None:
        self._dial = dial
        self._patience = patience
        self._now = now
        self._cut_for: ProviderError | Aborted | None = None  # why the line was cut by us
        self._dialing: gevent.Greenlet | None = None
        self._response: httpx2.Response | None = None
        self._timer: Any = None
        self._limit = 0.0
        self._silent_since = math.inf  # inf: nobody waits for the provider just now
        self._spoke = False
        self._items = self._run(AnswerDecoder(key))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        return next(self._items)

    def close(self) -> None:
        self._cut(Aborted())
        self._unwatch()
        if self._response and inspect.getgeneratorstate(self._items) != inspect.GEN_RUNNING:
            self._release()

    def _run(self, decoder: AnswerDecoder) -> Generator[Item, None, None]:
        try:
            self._silent_since = self._now()
            self._watch(self._patience.first_token_s)
            yield from self._read(decoder)
            yield from decoder.close()
            if isinstance(self._cut_for, Aborted) or (self._cut_for and not decoder.finished):
                raise self._cut_for
            if decoder.failure:
                raise decoder.failure
            if decoder.usage:
                yield decoder.usage
            if decoder.done:
                self._release()  # before the last word: who reads on may take its time
            yield Finished(decoder.finish_reason or "stop")
        finally:
            self._unwatch()
            if self._response:
                cut_response(self._response)
                self._release()

    def _read(self, decoder: AnswerDecoder) -> Iterator[Item]:
        """Hand on what comes until the answer, the body or the line ends."""
        response = self._dialled()
        settling = False
        try:
            for count, piece in enumerate(_pieces(response), 1):
                if count % PIECES_AT_ONCE == 0:
                    gevent.sleep(0)
                if items := decoder.feed(piece):
                    self._silent_since = math.inf
                    yield from items
                    self._silent_since = self._now()
                    if not self._spoke:
                        self._spoke = True
                        self._watch(self._patience.idle_s)
                if decoder.done or decoder.failure or self._cut_for:
                    return
                if decoder.finished and not settling:
                    settling = True
                    self._watch(self._patience.settle_s)
        except (httpx2.TransportError, BadFraming) as broken:
            if not self._cut_for:
                log.info("the line to the provider broke: %s", broken)

    def _dialled(self) -> httpx2.Response:
        """Connect in a greenlet of its own, which may be killed whatever it waits for."""
        if self._cut_for:
            raise self._cut_for
        self._dialing = gevent.spawn(self._dial_quietly)
        try:
            outcome = self._dialing.get()
        finally:
            self._dialing.kill(block=False)
            self._dialing = None
        if isinstance(outcome, httpx2.Response):
            self._response = outcome
        if self._cut_for:
            raise self._cut_for
        if isinstance(outcome, ProviderError):
            raise outcome
        assert self._response is not None, "dialing ends with a response, an error or a cut"
        return self._response

    def _dial_quietly(self) -> httpx2.Response | ProviderError:
        try:
            return self._dial()
        except ProviderError as problem:
            return problem
        except Exception:
            log.exception("asking the provider failed in a way of its own")
            return ProviderError("provider_failed", "The model's server could not be asked.")

    def _watch(self, limit: float) -> None:
        """Allow so much silence from now on; look again when the present one would be too long."""
        self._unwatch()
        self._limit = limit
        if limit:
            left = self._silent_since + self._limit - self._now()
            self._timer = gevent.get_hub().loop.timer(min(max(left, 0.0), self._limit))
            self._timer.start(self._look)

    def _look(self) -> None:
        """Runs in the hub: must not block."""
        if self._now() - self._silent_since >= self._limit:
            self._cut((stalled if self._spoke else no_first_token)(self._limit))
        else:
            self._watch(self._limit)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _cut(self, why: ProviderError | Aborted) -> None:
        """Wake whoever waits for the provider; never blocks."""
        self._cut_for = self._cut_for or why
        if self._dialing is not None:
            self._dialing.kill(block=False)
        if self._response is not None:
            cut_response(self._response)

    def _release(self) -> None:
        """Let go of the line; where the answer is complete it may carry another question."""
        response, self._response = self._response, None
        if response is not None:
            response.close()


def _pieces(response: httpx2.Response) -> Iterator[bytes]:
    """Bytes as each read of the socket brought them, unpacked. Raise ProviderError for a foreign packing."""
    try:
        unpacker = Unpacker(response.headers.get("content-encoding", ""))
    except BadFraming as foreign:
        log.warning("the provider sent %s", foreign)
        raise NOT_A_STREAM() from None
    raw = response.iter_raw()
    return raw if not unpacker.packed else (piece for packed in raw for piece in unpacker.feed(packed))
