"""How well questions find what answers them: figures from ranks."""

from collections.abc import Sequence
from dataclasses import dataclass

CUT = 5  # passages: as many as somebody who reads an answer would look at


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one question found: where the first passage stands that answers it, and what the answer cited."""

    rank: int | None  # from 1; None: nothing that was found answers it
    is_cited: bool = False  # the answer cites a passage that answers it
    chips: int = 0  # citations of the answer
    true_chips: int = 0  # of which the sentence that is marked stands in the passage


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of some questions, from 0 to 1."""

    recall: float  # a passage that answers is among the first CUT
    mrr: float  # one by the rank of the first that answers; 0 where none was found
    cited: float  # the answer cites a passage that answers
    true_chips: float  # of all citations, those whose marked sentence stands in their passage


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Sum outcomes up."""
    count, chips = len(outcomes), sum(one.chips for one in outcomes)
    return Figures(
        recall=sum(one.rank is not None and one.rank <= CUT for one in outcomes) / count,
        mrr=sum(1 / one.rank for one in outcomes if one.rank) / count,
        cited=sum(one.is_cited for one in outcomes) / count,
        true_chips=sum(one.true_chips for one in outcomes) / chips if chips else 1.0,
    )
