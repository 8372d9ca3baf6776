"""Places in a log: which offset and epoch may be read from, and where a resumed text goes on (WIRE §3)."""

from collections.abc import Iterator, Sequence

from chat.core.frames import Slice

LONGEST_NUMBER = 18  # digits: whatever fits is also a valid 64-bit integer for the database
SLICE_BYTES = 64 * 1024  # the most text one frame carries

Bytes = bytes | bytearray  # a tape grows in place


class StoreAway(Exception):
    """What is stored can be neither read nor written just now; nothing is lost, and asking again helps."""


class OffsetProblem(ValueError):
    """A place that cannot be read from; `length` is where the client cuts its text and resumes."""

    code: str
    status: int

    def __init__(self, message: str, length: int | None = None, epoch: int | None = None) -> None:
        super().__init__(message)
        self.length = length
        self.epoch = epoch


class BadOffset(OffsetProblem):
    code, status = "bad_offset", 422


class BadEpoch(OffsetProblem):
    code, status = "bad_epoch", 422


class Rewound(OffsetProblem):
    code, status = "rewound", 409


class OffsetBeyondEnd(OffsetProblem):
    code, status = "offset_beyond_end", 409


class InsideCharacter(OffsetProblem):
    code, status = "offset_inside_character", 422


def parse_offset(raw: str | None) -> int:
    """Read an offset as a client sends it; omitted means the beginning. Raise BadOffset."""
    number = 0 if raw is None else _digits(raw)
    if number is None:
        raise BadOffset("offset must be a whole number of bytes, 0 or more")
    return number


def parse_epoch(raw: str | None, current: int) -> int:
    """Read an epoch as a client sends it; omitted means the current one. Raise BadEpoch."""
    number = current if raw is None else _digits(raw)
    if number is None or number > current:
        raise BadEpoch("epoch must be one that this stream has had")
    return number


def _digits(raw: str) -> int | None:
    # int() alone would take "+1", " 1", "1_0" and the digits of every script.
    plain = raw.isascii() and raw.isdigit() and len(raw) <= LONGEST_NUMBER
    return int(raw) if plain else None


def check_place(offset: int, epoch: int | None, *, bases: Sequence[int], text: Bytes) -> None:
    """Raise the OffsetProblem, if any, of reading on from `offset` as it was in `epoch` (None: the current).

    `bases[e - 1]` is the length stored when epoch e was claimed; `text` is all of the log that is read.
    Epoch 0, before the first claim, is known too. The order of the checks is a contract.
    """
    current = len(bases)
    epoch = current if epoch is None else epoch
    if offset < 0:
        raise BadOffset("offset must be 0 or more")
    if not 0 <= epoch <= current:
        raise BadEpoch("epoch must be one that this stream has had")
    if epoch < current and offset > bases[epoch]:
        raise Rewound("the text beyond this length was written anew", length=bases[epoch], epoch=current)
    if offset > len(text):
        raise OffsetBeyondEnd("offset lies beyond the end of the text", length=len(text), epoch=current)
    if not is_boundary(text, offset):
        raise InsideCharacter("offset lies inside a character", floor_boundary(text, offset), current)


def resume_place(offset: int | None, epoch: int | None, *, bases: Sequence[int], text: Bytes) -> int:
    """Say where the text of a reader goes on that had `offset` in `epoch`: there, or cut back.

    For a place taken from `Last-Event-ID`. Never raises; 0 when the place means nothing here.
    """
    current = len(bases)
    epoch = current if epoch is None else epoch
    if offset is None or offset < 0 or not 0 <= epoch <= current:
        return 0
    if epoch < current:
        offset = min(offset, bases[epoch])
    return floor_boundary(text, offset)


def is_boundary(text: Bytes, offset: int) -> bool:
    """Say whether a cut at `offset` leaves whole characters on both sides."""
    return 0 <= offset <= len(text) and floor_boundary(text, offset) == offset


def floor_boundary(data: Bytes, at: int) -> int:
    """Return the last character boundary at or before `at`; the end where `at` lies beyond it."""
    if at >= len(data):
        return len(data)
    while at > 0 and data[at] & 0xC0 == 0x80:  # 10xxxxxx: the byte goes on with a character
        at -= 1
    return at


def slices(offset: int, data: bytes, epoch: int, limit: int = SLICE_BYTES) -> Iterator[Slice]:
    """Cut `data`, which begins at `offset`, into slices of whole characters, at most `limit` (≥ 4) bytes."""
    if limit < 4:
        raise ValueError("a slice must have room for one character")
    start = 0
    while start < len(data):
        stop = floor_boundary(data, start + limit)
        yield Slice(offset + start, data[start:stop], epoch)
        start = stop
