"""Whatever a provider does wrong, the answer ends in its state, with exactly the text that came."""

from functools import partial

import gevent.pool

from tests.faults import FAULTS, FIRST_TOKEN_S, SILENCE_S, Fault
from tests.person import Person
from torture.ground import Ground, until
from torture.row import Row
from torture.tally import Tally

AT_ONCE = 8
ENDS = ("done", "stopped", "error", "interrupted")
ENDS_S = 20.0


def torture(ground: Ground, tally: Tally, runs: int) -> None:
    patience = {"CHAT_FIRST_TOKEN_S": str(FIRST_TOKEN_S), "CHAT_SILENCE_S": str(SILENCE_S)}
    person = ground.person(ground.server(2, **patience))
    for _ in range(runs):
        ground.provider.forget()  # some fail only the first time
        pool = gevent.pool.Pool(AT_ONCE)
        pool.map(partial(_try, person, tally), FAULTS)


def _try(person: Person, tally: Tally, fault: Fault) -> None:
    asked = person.ask(model=fault.model)
    seen = person.drive(asked.stream_id).read_all().decode()
    state = until(
        lambda: (found := person.state(asked.stream_id))["status"] in ENDS and found,
        ENDS_S,
        f"{fault.what}: an end",
        every=0.1,
    )
    became = (state["status"], (state["error"] or {}).get("code"))
    tally.must(became == (fault.status, fault.code), f"{fault.what}: {became}")
    tally.must(state["text"] == fault.text, f"{fault.what}: {state['text'][:200]!r}")
    tally.must(seen == state["text"], f"{fault.what}: the driver saw {seen[:200]!r}")
    message = person.get(f"/api/conversations/{asked.conversation_id}/messages")["items"][-1]
    same = (message["status"], message["text"]) == (state["status"], state["text"])
    tally.must(same, f"{fault.what}: the message is {message['status']}")
    tally.add("kinds tried")
    tally.add("kept the text" if fault.text else "without text")


ROWS = [
    Row(
        "faults",
        f"upstream faults ({len(FAULTS)} kinds)",
        "the exact state and text each time",
        ci=1,
        long=5,
        torture=torture,
    )
]
