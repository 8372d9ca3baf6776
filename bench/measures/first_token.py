"""How long the first token takes from the moment the question is sent."""

import time
from statistics import median

from bench.load import Crowd, Line
from bench.rig import Rig, drive
from bench.table import Figure
from tests.person import Person

MODEL = "first;tokens=3;first_s=0.02"


def measure(rig: Rig, rounds: int) -> list[Figure]:
    """One question at a time, in turn to the relay and to Headwater; a question is sent, then driven."""
    person = Person.sign_in(rig.headwater.url)
    bare, driven, whole = [], [], []
    for _ in range(20 * rounds):
        bare.append(_first_byte(Crowd([rig.ask_bare(MODEL)])))
        conversation = person.converse()
        began = time.time()
        asked = person.ask(conversation=conversation, model=MODEL)
        sent = time.time() - began
        driven.append(_first_byte(Crowd([drive(person, rig.headwater.port, asked.stream_id)])))
        whole.append(sent + driven[-1])
    beside = f"bare relay {median(bare) * 1000:.1f} ms"
    return [
        Figure("time to first token, added by the drive", _added(driven, bare), "ms", 8, beside),
        Figure("… with the request that stores the question", _added(whole, bare), "ms"),
    ]


def _added(ours: list[float], bare: list[float]) -> float:
    return (median(ours) - median(bare)) * 1000


def _first_byte(crowd: Crowd) -> float:
    """Seconds from the request to the first byte of the body."""
    line: Line = crowd.lines[0]
    crowd.read(30)
    crowd.close()
    return line.body()[0][0] - line.asked_at
