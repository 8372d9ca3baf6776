"""Ctrl-C while an answer comes: the first one stops the answer on the server, the second one leaves."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

from chat.terminal.client import Client, Refused, Unreachable, path_of
from chat.terminal.paper import Paper

LEFT = 130  # the exit status of what Ctrl-C ended, as shells have it


class CtrlC:
    """A context in which Ctrl-C is understood so. Reading goes on undisturbed, to the end that it brings."""

    def __init__(self, client: Client, said: Paper) -> None:
        self.pressed = False
        self._client = client
        self._said = said
        self._stream_id: str | None = None

    def stops(self, stream_id: str) -> None:
        """Say what is to be stopped; at once, when it was pressed before there was anything."""
        self._stream_id = stream_id
        if self.pressed:
            self._in_a_thread(self._stop)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
        self._in_a_thread(self._say_and_stop)  # a signal may come in the middle of a write

    def _say_and_stop(self) -> None:
        self._said.line("Stopping the answer. Ctrl-C again leaves without waiting.")
        self._stop()

    def _stop(self) -> None:
        if self._stream_id is None:
            return  # not known yet: `stops` comes back to it
        try:
            self._client.call("POST", path_of("streams", self._stream_id, "stop"))
        except (Unreachable, Refused) as error:
            self._said.line(f"It could not be stopped: {error}")

    def _in_a_thread(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()

    def __enter__(self) -> Self:
        self._before = signal.getsignal(signal.SIGINT)
        if self._before is not signal.SIG_IGN:  # somebody who started us in the background wants it so
            signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)
