"""One run: a library is filled, everything is asked in each way, and what was found is summed up."""

from collections.abc import Sequence
from dataclasses import dataclass

from chat.generation.embeddings import Embeddings
from evals import corpus
from evals.answering import outcome
from evals.corpus import Question
from evals.figures import Figures, Outcome, figures
from evals.finding import finders
from evals.library import open_library

Asked = Sequence[tuple[Question, Outcome]]
PARTS = {"all": None, "tuned by": False, "held out": True}  # which questions, by whether they are held out


@dataclass(frozen=True, slots=True)
class Measured:
    """What each way found; and of what is asked about something else, for how much it found nothing."""

    asked: dict[str, Asked]
    quiet: dict[str, int]


def measure(url: str, embeddings: Embeddings, likeness: float = 0.0) -> Measured:
    """Ask everything in each way, in an empty database at this address; `likeness`: see `finders`."""
    questions, elsewhere = corpus.questions(), corpus.elsewhere()
    with open_library(url) as (store, conversation_id):
        ways = finders(store, conversation_id, embeddings, likeness)
        return Measured(
            {way: [(one, outcome(one, find(one.ask))) for one in questions] for way, find in ways.items()},
            {way: sum(not find(ask) for ask in elsewhere) for way, find in ways.items()},
        )


def summed_up(asked: Asked) -> dict[str, Figures]:
    """Give the figures of all questions, of those that rankings are tuned by, and of those held out."""
    return {
        part: figures([found for one, found in asked if held_out is None or one.held_out == held_out])
        for part, held_out in PARTS.items()
    }


def by_text(asked: Asked) -> dict[str, Figures]:
    """Give the figures of each text's questions."""
    about = dict.fromkeys(one.about for one, _ in asked)
    return {text: figures([found for one, found in asked if one.about == text]) for text in about}
