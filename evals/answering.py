"""What the demo answers a question with, and whether what it cites is where it says."""

import secrets

from chat.core.citing import settled
from chat.core.prompt import Room, Turn, choose, fit
from chat.core.sources import Source
from chat.generation.providers.demo import DemoProvider
from chat.generation.providers.types import Ask, Delta
from evals.corpus import Question, flat
from evals.figures import Outcome

ROOM = Room()  # as large as anybody's who sets nothing


def outcome(question: Question, found: list[Source]) -> Outcome:
    """Answer from what was found, as a conversation does, and look at it."""
    ranks = (rank for rank, source in enumerate(found, 1) if _answers(source, question))
    chips = cited(question.ask, found)
    return Outcome(
        rank=next(ranks, None),
        is_cited=any(_answers(chip, question) for chip in chips),
        chips=len(chips),
        true_chips=sum(_is_true(chip) for chip in chips),
    )


def cited(ask: str, found: list[Source]) -> list[Source]:
    """Have the demo answer; give what the message would keep of its sources."""
    budget = ROOM.of("demo")
    chosen = choose(None, ask, found, budget)
    told = fit(None, [Turn("user", ask)], chosen, budget, secrets.token_hex(8))
    answer = DemoProvider(sleep=lambda _: None).open(Ask(told.messages, None, {}, ask, told.sources))
    text = "".join(item.text for item in answer if isinstance(item, Delta))
    return settled(told.sources, text)


def _answers(source: Source, question: Question) -> bool:
    return source.document == f"{question.about}.md" and question.is_answered_by(source.text)


def _is_true(chip: Source) -> bool:
    """Say whether a sentence is marked, and stands in the passage that the citation shows."""
    return chip.quote is not None and bool(flat(chip.text[slice(*chip.quote)]))
