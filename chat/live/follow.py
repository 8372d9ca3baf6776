"""Follow: read a stream from an offset, then go on for as long as it grows."""

from collections.abc import Callable, Iterator

from chat.core.frames import Close, End, Frame, Ping, Rewind, Slice
from chat.core.log import SLICE_BYTES, slices
from chat.live.bell import Ear
from chat.live.logs import Log, Reader


def follow(
    reader: Reader, ear: Ear, offset: int, epoch: int, heartbeat_s: float, leave: Callable[[set[str]], bool]
) -> Iterator[Frame]:
    """Yield all that a reader at `offset` of `epoch` needs to be told, until the end record.

    Waits on `ear` between two looks and yields Ping when nothing came for `heartbeat_s` seconds. The caller
    checks the place first (`core.log.check_place`); a place that a takeover made untrue is rewound here.
    Ends without a word when `leave` says so of what was rung: the client has gone, or this server has to.
    """
    ear.beat(heartbeat_s)
    leaving = False
    while True:
        log = reader.look()
        if log is None:
            yield Close()
            return
        for frame in catch_up(log, offset, epoch, most=SLICE_BYTES):
            offset, epoch = place_after(frame, offset, epoch)
            yield frame
            if isinstance(frame, End):
                return
        if offset < len(log.data):
            continue  # a slice at a time: who takes nothing holds one, not the whole answer
        if leaving:
            return
        rung = ear.wait()
        leaving = leave(rung)  # what came until then, perhaps the end record, is told first
        if not rung:
            yield Ping()


def catch_up(log: Log, offset: int, epoch: int, *, most: int | None = None) -> list[Frame]:
    """List what brings a reader at this place up to the log's present, which is taken in one instant.

    With `most` (bytes, ≥ 4) it is only the next slice, and the end record only once all text is told.
    """
    frames: list[Frame] = []
    base = rewind_base(log.bases, epoch)
    limit = offset if log.end is None else log.end.offset
    true_up_to = min(offset, limit if base is None else base, limit)
    if true_up_to < offset:
        offset = true_up_to
        frames.append(Rewind(offset, log.epoch))
    left = len(log.data) - offset
    if most is not None and left > most:
        piece = bytes(memoryview(log.data)[offset : offset + most + 1])  # one more: may it be cut there?
        return [*frames, next(slices(offset, piece, log.epoch, most))]
    if left > 0:
        frames += slices(offset, bytes(memoryview(log.data)[offset:]), log.epoch)
    if log.end is not None:
        frames.append(log.end)
    return frames


def rewind_base(bases: tuple[int, ...], epoch: int) -> int | None:
    """Where the first epoch after `epoch` began (bytes up to there cannot differ); None when none came."""
    return bases[epoch] if epoch < len(bases) else None


def place_after(frame: Frame, offset: int, epoch: int) -> tuple[int, int]:
    """Say where a reader stands who was told this."""
    match frame:
        case Slice():
            return frame.end, frame.epoch
        case Rewind():
            return frame.offset, frame.epoch
        case End():
            return offset, frame.epoch
        case Ping() | Close():
            return offset, epoch
