"""PostgreSQL is restarted, or away for 20 s, under live answers: drivers go on, all is stored in the end."""

import signal
import time

from tests.person import Person
from tests.services import Postgres
from torture.answers import Answer, ask_and_read, check, wait_for_ends
from torture.ground import Ground, until
from torture.outage import Questions, longest_gap
from torture.row import Row
from torture.tally import Tally

STREAMS = 6
PACE = 100.0
TOKENS, MANY_TOKENS = 350, 2500  # of an answer during a restart, and of one that outlasts the long outage
AWAY_S = 20.0
DELAY_S = 1.0  # between two deltas of a driver
BACK_S = 5.0  # until questions are taken again


def torture(ground: Ground, tally: Tally, runs: int) -> None:
    database = ground.stack.enter_context(Postgres(durable=True))
    server = ground.server(2, DATABASE_URL=f"{database.address}/postgres")
    person = ground.person(server)
    for number in range(runs):
        away_s = AWAY_S if number == 0 else 0.0
        ground.provider.forget()
        tokens = MANY_TOKENS if away_s else TOKENS
        answers = ask_and_read(ground, person, STREAMS, tokens=tokens, pace=PACE)
        look = ground.database(server)
        until(lambda: len(look.live()) == STREAMS, 5, "all answers have begun")  # noqa: B023  at once
        ground.sleep(0.1, 1.5)
        _restart(ground, person, tally, database, answers, away_s)


def _restart(
    ground: Ground, person: Person, tally: Tally, database: Postgres, answers: list[Answer], away_s: float
) -> None:
    for answer in answers:
        answer.acknowledge()
    questions, left_at = Questions(person, tally), time.time()
    database.stop(signal.SIGQUIT)  # pg_ctl stop -m immediate
    if away_s:
        until(lambda: questions.last == 503, DELAY_S * 10, "a question is told 503")
        taken = questions.told[201]
        until(lambda: time.time() > left_at + away_s, away_s + 1, "it was away for long")
        tally.must(questions.told[201] == taken, "a question was taken that nobody could store")
    database.start()
    back_at, taken = time.time(), questions.told[201]
    until(lambda: questions.told[201] > taken, BACK_S, "questions are taken again")
    tally.worst("worst ms until questions were taken", (time.time() - back_at) * 1000)
    questions.end()
    wait_for_ends(answers, tally)
    tally.add("restarts")
    for answer in answers:
        asked = ground.provider.requests_for(answer.model)
        check(answer, tally, asked, ["done"])
        tally.must(len(asked) == 1, f"{answer.stream_id}: taken from who was writing it")
        _check_driver(answer, tally, left_at, min(time.time(), asked[0].sent[-1]))


def _check_driver(answer: Answer, tally: Tally, since: float, before: float) -> None:
    """See that whoever drives an answer was given it evenly, for as long as the provider sent it."""
    driver = answer.readers[0]
    gap = longest_gap(driver, since, before) if before > since else 0.0
    tally.worst("worst driver gap ms", gap * 1000)
    tally.must(gap <= DELAY_S, f"{answer.stream_id}: its driver got nothing for {gap:.1f} s")
    tally.must(driver.lines == 1, f"{answer.stream_id}: its driver's line was cut")


ROWS = [
    Row(
        "database-restart",
        f"PostgreSQL restarted at random moments, once {AWAY_S:g} s away, {STREAMS} live streams",
        f"0 lost or doubled; drivers' delay ≤ {DELAY_S:g} s; questions: 503 and Retry-After",
        ci=5,
        long=20,
        torture=torture,
    )
]
