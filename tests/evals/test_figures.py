"""No figure of the retrieval falls below what it was: everything is asked, in a real library on SQLite."""

import pytest

from evals import floor
from evals.figures import Figures, Outcome, figures
from evals.measuring import Asked, Measured, measure, summed_up
from evals.stand_in import StandIn
from evals.table import figures_table

pytestmark = pytest.mark.timeout(600)  # twenty seconds of work; on a machine that does much else, minutes
GOOD = 0.85  # of all questions find their answer among the first five, by their words alone
QUIET = {"full text": 4, "vectors": 0, "hybrid": 0}  # of what is asked about something else: far too little
CLOSE = 0.02  # how much less both ways together may find than the better one


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return measure(f"sqlite:///{tmp_path_factory.mktemp('evals')}/evals.sqlite3", StandIn())


@pytest.fixture
def measured(whole: Measured) -> dict[str, Asked]:
    return whole.asked


def test_no_figure_is_lower_than_it_was(measured: dict[str, Asked]) -> None:
    fallen = floor.below(measured, floor.read())
    assert not fallen, "see `make eval ARGS=--misses`; what is meant: `make eval ARGS=--write-floor`"


def test_words_alone_find_most_answers(measured: dict[str, Asked]) -> None:
    assert _recall(measured, "full text") >= GOOD


def test_both_ways_together_are_about_as_good_as_the_better_one(measured: dict[str, Asked]) -> None:
    better = max(_recall(measured, "full text"), _recall(measured, "vectors"))
    assert _recall(measured, "hybrid") >= better - CLOSE


def test_what_is_asked_about_something_else_brings_nothing_along_as_often_as_it_did(whole: Measured) -> None:
    assert all(whole.quiet[way] >= often for way, often in QUIET.items())


def test_every_citation_marks_a_sentence_of_its_passage(measured: dict[str, Asked]) -> None:
    for asked in measured.values():
        assert all(found.chips > 0 for _, found in asked if found.rank)
        assert summed_up(asked)["all"].true_chips == 1


def test_the_page_shows_the_figures_that_are_not_to_be_fallen_below() -> None:
    assert floor.PLACE.findall(floor.PAGE.read_text()) == [figures_table(floor.read())]


def test_figures_are_shares_of_all_questions() -> None:
    found = figures([Outcome(1, True, 3, 3), Outcome(4, False, 3, 2), Outcome(8, False, 2, 2), Outcome(None)])
    assert found == Figures(recall=0.5, mrr=(1 + 1 / 4 + 1 / 8) / 4, cited=0.25, true_chips=7 / 8)


def _recall(measured: dict[str, Asked], way: str) -> float:
    return summed_up(measured[way])["all"].recall
