"""A row of the table: what is done how often, and what must hold."""

from collections.abc import Callable
from dataclasses import dataclass

from torture.ground import Ground
from torture.tally import Tally


@dataclass(frozen=True)
class Row:
    """`torture` does it `runs` times and notes what it saw; each room in `rows/` has ROWS."""

    name: str  # as the command line picks it
    test: str
    must: str
    ci: int  # runs in the short form
    long: int  # and in the long one
    torture: Callable[[Ground, Tally, int], None]
