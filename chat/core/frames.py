"""What a reader of one stream is told, before any encoder gives it a form on the wire."""

from dataclasses import dataclass, field
from typing import Any

from chat.core.lifecycle import Status


@dataclass(frozen=True, slots=True)
class Slice:
    """Text that begins at byte `offset`; always whole characters, never empty."""

    offset: int
    data: bytes
    epoch: int

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def end(self) -> int:
        """The offset of the byte after the last one."""
        return self.offset + len(self.data)


@dataclass(frozen=True, slots=True)
class Rewind:
    """Cut your text to `offset`: a takeover began there, bytes beyond it may differ."""

    offset: int
    epoch: int


@dataclass(frozen=True, slots=True)
class End:
    """The end record: what became of the stream; `offset` is its whole length in bytes."""

    status: Status
    offset: int
    epoch: int
    usage: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    finish_reason: str | None = None
    timing: dict[str, int | None] | None = field(default=None, compare=False)  # measured, not decided


@dataclass(frozen=True, slots=True)
class Ping:
    """Nothing happened for a while; the line is alive."""


@dataclass(frozen=True, slots=True)
class Close:
    """Access or the stream itself is gone; do not come back."""


Frame = Slice | Rewind | End | Ping | Close
