"""While a part is away: what new questions are told, and how evenly drivers go on receiving."""

from collections import Counter
from itertools import pairwise

import gevent
import requests

from tests.person import Person
from torture.reader import Reader
from torture.tally import Tally

EVERY_S = 0.1


class Questions:
    """New questions, one after another; each is taken, or told to come again in a moment."""

    def __init__(self, person: Person, tally: Tally) -> None:
        self.told: Counter[int] = Counter()
        self.last = 0  # what the last one was told
        self._person = person
        self._tally = tally
        self._over = False
        self._round = gevent.spawn(self._run)

    def end(self) -> None:
        self._over = True
        self._round.join()
        self._tally.add("asked meanwhile", self.told.total())
        self._tally.add("told 503", self.told[503])

    def _run(self) -> None:
        while not self._over:
            try:
                answer = self._person.call("POST", "/api/conversations", {})
                if answer.status_code == 201:
                    path = f"/api/conversations/{answer.json()['id']}/messages"
                    answer = self._person.call("POST", path, {"text": "Now?", "model": "short;tokens=5"})
            except requests.RequestException as error:
                self._tally.must(False, f"a question meanwhile: {type(error).__name__}: {error}")
            else:
                self._note(answer)
            gevent.sleep(EVERY_S)

    def _note(self, answer: requests.Response) -> None:
        self.last = answer.status_code
        self.told[self.last] += 1
        self._tally.must(self.last in (201, 503), f"a question was told {self.last}: {answer.text[:200]}")
        told_when = self.last != 503 or int(answer.headers.get("Retry-After", "0")) > 0
        self._tally.must(told_when, "a question was told 503, and not when to come again")


def longest_gap(reader: Reader, since: float, until: float) -> float:
    """Give the longest time, in seconds, for which this reader got nothing between two moments."""
    moments = [since, *(at for at, _ in reader.arrivals if since < at < until), until]
    return max(after - before for before, after in pairwise(moments))


def lags(reader: Reader, behind: Reader, since: float, until: float) -> list[float]:
    """Say by how many seconds a reader had each piece later than the one that it is behind of."""
    found, place = [], 0
    for at, length in behind.arrivals:
        while place < len(reader.arrivals) and reader.arrivals[place][1] < length:
            place += 1
        if since <= at <= until:
            reached = reader.arrivals[place][0] if place < len(reader.arrivals) else float("inf")
            found.append(max(0.0, reached - at))
    return found
