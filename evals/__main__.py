"""`make eval`: ask all questions in each way, print the figures, leave; 1 when one is below the floor.

By itself the vectors are those of `evals.hashing`; with `--model` those of the one that is configured
(CHAT_EMBEDDING_MODEL), which are held against no floor.
"""

__import__("gevent.monkey").monkey.patch_all()  # as the server is
# ruff: noqa: E402  what is imported later must cooperate

import argparse
import tempfile
from contextlib import ExitStack

from chat import addresses
from evals import floor
from evals.measuring import measure, summed_up
from evals.model import configured
from evals.stand_in import StandIn
from evals.table import figures_table, misses, quiet_line, texts_table


def main() -> int:
    parser = argparse.ArgumentParser(prog="evals", description=__doc__)
    parser.add_argument("--database", help="an empty one, postgresql://…; else a file that is thrown away")
    parser.add_argument("--model", action="store_true", help="take the model of vectors that is configured")
    parser.add_argument("--likeness", type=float, default=0.0, help="as CHAT_EMBEDDING_LIKENESS has it")
    parser.add_argument("--texts", action="store_true", help="show each text's figures, too")
    parser.add_argument("--misses", action="store_true", help="list what was not found, of what is tuned by")
    parser.add_argument("--write-floor", action="store_true", help="have these figures be the floor")
    asked = parser.parse_args()
    with ExitStack() as open_files:
        folder = open_files.enter_context(tempfile.TemporaryDirectory())
        url = addresses.database(asked.database or f"sqlite:///{folder}/evals.sqlite3")
        whole = measure(url, configured() if asked.model else StandIn(), asked.likeness)
    measured = whole.asked
    print(figures_table({way: summed_up(found) for way, found in measured.items()}))
    print(f"\nNothing is brought along where something else is asked: {quiet_line(whole.quiet)}")
    if asked.texts:
        print("\n" + texts_table(measured))
    if asked.misses:
        for way, found in measured.items():
            print(f"\nNot among the first by {way}:\n{misses(found)}")
    if asked.write_floor:
        floor.write(measured)
    fallen = [] if asked.model else floor.below(measured, floor.read())
    print("".join(f"\nFALLEN: {one}" for one in fallen))
    return 1 if fallen else 0


if __name__ == "__main__":
    raise SystemExit(main())
