"""The figures that are not to be fallen below: what was measured when they were last written."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import floor as rounded_down

from evals.corpus import HERE
from evals.measuring import Asked, summed_up

PATH = HERE / "floor.json"
DIGITS = 1000  # three after the point, rounded down

Floor = dict[str, dict[str, dict[str, float]]]  # by way, part and name


def read() -> Floor:
    found: Floor = json.loads(PATH.read_text())
    return found


def write(measured: Mapping[str, Asked]) -> None:
    """Make what was measured the floor."""
    found = {
        way: {
            part: {name: rounded_down(value * DIGITS) / DIGITS for name, value in asdict(sums).items()}
            for part, sums in summed_up(asked).items()
        }
        for way, asked in measured.items()
    }
    PATH.write_text(json.dumps(found, indent=2) + "\n")
