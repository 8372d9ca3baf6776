"""What a death cost: compares what the provider had sent by then with what was gone on from."""

from dataclasses import dataclass

from torture.answers import Answer
from torture.ground import Ground
from torture.tally import Tally

FLUSH_MS, COMMIT_MS = 500, 100  # until a flush is due; a tick and a commit on a machine that is busy
STORED_MS = FLUSH_MS + COMMIT_MS
REDIS_MS = 50
BATCHES = ("word", "sentence", "paragraph", 4096)  # the last two leave nearly all to the flush


@dataclass(frozen=True)
class Death:
    """When it happened, and what may come of it."""

    at: float  # time.time
    tail_ms: float  # of text that may be lost
    takeover_s: float  # until the answers go on,
    counted_from: float  # counted from here


def check_takeover(ground: Ground, answer: Answer, tally: Tally, death: Death) -> None:
    """See what of one answer was lost, and when it went on."""
    first, *others = ground.provider.requests_for(answer.model)
    if not others:
        whole = first.characters_sent(death.at) == len(answer.whole)
        tally.must(whole, f"{answer.stream_id}: cut, and never asked for again")
        return  # its end was stored, or was about to be
    second = others[0]
    tally.add("takeovers")
    tally.must(len(others) == 1, f"{answer.stream_id}: asked for {len(others)} times more")
    took = second.at - death.counted_from
    tally.worst("worst takeover ms", took * 1000)
    tally.must(
        took <= death.takeover_s * ground.patience, f"{answer.stream_id}: taken over after {took:.1f} s"
    )
    beyond = first.sent_beyond(len(second.kept)) or death.at
    tail = max(0.0, death.at - beyond) * 1000
    tally.worst("worst tail ms", tail)
    tally.worst("characters", max(0, first.characters_sent(death.at) - len(second.kept)))
    tally.must(
        tail <= death.tail_ms * ground.patience, f"{answer.stream_id}: {tail:.0f} ms of text were lost"
    )
