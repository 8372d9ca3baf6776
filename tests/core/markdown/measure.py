"""What growing costs: `python -m tests.core.markdown.measure` prints bytes sent and milliseconds a step."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from time import process_time

from chat.core.markdown import Swap, conclude, finished, picture, render, steps
from tests.core.markdown.growing import KEY
from tests.core.markdown.shapes import SHAPES, answer

EVENT = 60  # bytes around each step's swaps: an SSE event, its id, one element that says where it goes on
SWAP = 30  # and around each swap that does not just take the mark's place
REST = 10  # a page waits as many times the last render's duration


@dataclass
class Cost:
    """The price of one answer for one viewer."""

    final: int
    sent: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Bytes sent for each byte of the final HTML."""
        return self.sent / self.final

    def ms(self, share: float) -> float:
        """Give the milliseconds that this share of all steps stays below."""
        return 1000 * sorted(self.seconds)[int(share * (len(self.seconds) - 1))]

    def send(self, swaps: Iterable[Swap]) -> None:
        self.sent += EVENT + sum(len(swap.html.encode()) + len(swap.target) + SWAP for swap in swaps)


def grow(text: str, step: int = 80, pace: float | None = None) -> Cost:
    """Show a growing text in steps of `step` characters.

    With a `pace` (characters a second) a step is as long as the rests between renders make it.
    """
    cost = Cost(len(render(text).encode()))
    shown, end = picture(b"", KEY), 0
    while end < len(text):
        rest = REST * cost.seconds[-1] * pace if pace and cost.seconds else 0
        end += max(step, int(rest))
        grown = text[:end].encode()
        began = process_time()
        after = picture(grown, KEY, shown.open.start)
        swaps = steps(shown, after, KEY)
        cost.seconds.append(process_time() - began)
        cost.send(swaps)
        shown = after
    cost.send(conclude(shown, finished(text.encode(), shown.open.start), KEY))
    return cost


def main() -> None:
    print(f"{'shape':14}{'kB':>5}{'sent/final':>12}{'steps':>7}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for shape in SHAPES:
        for size in (1, 10, 100):
            cost = grow(answer(shape, size * 1000), pace=500)
            figures = "".join(f"{cost.ms(share):9.2f}" for share in (0.5, 0.99, 1))
            print(f"{shape:14}{size:5}{cost.ratio:12.2f}{len(cost.seconds):7}{figures}", flush=True)


if __name__ == "__main__":
    main()
