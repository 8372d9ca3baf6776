"""`make bench`: measure, print the table, leave. `ARGS="--only relaying --rounds 5"` picks and repeats."""

import argparse

from bench.measures import first_token, page_bytes, relaying, storing, viewing
from bench.rig import machine, raised
from bench.table import show

MEASURES = {
    "first_token": first_token.measure,
    "relaying": relaying.measure,
    "viewing": viewing.measure,
    "storing": storing.measure,
    "page_bytes": page_bytes.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--rounds", type=int, default=3, help="turns of each comparison")
    wanted = parser.parse_args()
    with raised() as rig:
        figures = []
        for name in wanted.only:
            print(f"measuring: {name} …", flush=True)
            figures += MEASURES[name](rig, wanted.rounds)
    print(f"\n{machine()}\n\n{show(figures)}")


if __name__ == "__main__":
    main()
