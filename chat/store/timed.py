"""Any store, with its reads and writes timed."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from chat.store.transaction import Store, Transaction

T = TypeVar("T")
Note = Callable[[float], None]  # seconds


class TimedStore:
    """Passes all on, and notes how long each read and each write took, failed ones too."""

    def __init__(self, store: Store, clock: Callable[[], float], *, on_read: Note, on_write: Note) -> None:
        self._store = store
        self._clock = clock
        self._on_read = on_read
        self._on_write = on_write

    def read(self, fn: Callable[[Connection], T]) -> T:
        began = self._clock()
        try:
            return self._store.read(fn)
        finally:
            self._on_read(self._clock() - began)

    def read_apart(self, fn: Callable[[Connection], T]) -> T:
        began = self._clock()
        try:
            return self._store.read_apart(fn)
        finally:
            self._on_read(self._clock() - began)

    def write(self, fn: Callable[[Transaction], T]) -> T:
        began = self._clock()
        try:
            return self._store.write(fn)
        finally:
            self._on_write(self._clock() - began)

    def close(self) -> None:
        self._store.close()
