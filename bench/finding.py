"""`python -m bench.finding --database URL`: what pages and searches take in a database of `bench.seed`.

Whole requests, served in this process, for the person to whom the most belongs. On a machine that does other
things too, the CPU says more than the clock.
"""

__import__("gevent.monkey").monkey.patch_all()  # as the server is
# ruff: noqa: E402  what is imported later must cooperate

import argparse
import random
import time
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient

from bench.seed import Babble, person_id
from chat import addresses, create_app
from chat.config import Settings
from chat.store.people import Person
from chat.web.caller import COOKIE
from chat.web.house import EXTENSION, House

SEARCHES = 60  # different ones of each kind


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.finding", description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--rounds", type=int, default=100, help="requests of each kind")
    asked = parser.parse_args()
    told: Any = {
        "database_url": addresses.database(asked.database),
        "secret_key": "bench",
        "log_level": "error",
    }
    app = create_app(Settings(_env_file=None, **told))
    house: House = app.extensions[EXTENSION]
    owner = Person(person_id(0), "Person 0")
    conversations = house.store.read(_conversations)
    kinds: dict[str, tuple[Person, list[str]]] = {
        "the first page": (owner, ["/"]),
        "a page of a conversation": (owner, conversations),
    }
    for kind, said in searches(Babble()).items():
        kinds[f"search: {kind}"] = (owner, [f"/search?q={quote(one)}" for one in said])
    kinds["search of somebody else: a common word"] = (
        Person("nobody", "N"),
        kinds["search: a common word"][1],
    )
    for kind, (person, paths) in kinds.items():
        client = app.test_client()
        client.set_cookie(COOKIE, house.signer.sign(person), domain="localhost")
        print(f"{kind:40} {_measured(client, paths, asked.rounds)}", flush=True)


def searches(babble: Babble) -> dict[str, list[str]]:
    """Make up what somebody may look for; word number n of the vocabulary comes about 1/n as often."""
    chance = random.Random(9)
    word: Callable[[int, int], str] = lambda first, last: babble.vocabulary[chance.randrange(first, last)]  # noqa: E731

    def some(make: Callable[[], str]) -> list[str]:
        return [make() for _ in range(SEARCHES)]

    return {
        "a common word": some(lambda: f"{word(0, 20)} "),
        "the beginning of a word": some(lambda: word(100, 400)[:3]),
        "two common words": some(lambda: f"{word(0, 30)} {word(0, 30)} "),
        "three words": some(lambda: f"{word(50, 500)} {word(50, 500)} {word(50, 500)} "),
        "a rare word": some(lambda: f"{word(10_000, 30_000)} "),
        "a common and a rare one": some(lambda: f"{word(0, 10)} {word(10_000, 30_000)}"),
        "a phrase": some(lambda: f'"{word(0, 30)} {word(0, 30)}"'),
        "a phrase that hardly is": some(lambda: f'"{word(200, 2000)} {word(200, 2000)}"'),
        "what is nowhere": some(lambda: f"qqqq{word(0, 500)}"),
    }


def _conversations(conn: Any) -> list[str]:
    from sqlalchemy import text

    found = conn.execute(text("SELECT id FROM conversations WHERE seq % 97 = 1 ORDER BY seq DESC")).scalars()
    return [f"/c/{conversation_id}" for conversation_id in found]


def _measured(client: FlaskClient, paths: list[str], rounds: int) -> str:
    for path in paths[:2]:
        client.get(path)  # what is loaded once
    walls, cpus = [], []
    for path in islice(cycle(paths), rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    return f"{_spread(walls)} · CPU {_spread(cpus)}"


def _spread(found: list[float]) -> str:
    found = sorted(found)
    return f"median {found[len(found) // 2]:6.1f} p95 {found[int(0.95 * len(found)) - 1]:6.1f} ms"


if __name__ == "__main__":
    main()
