"""`make torture`: try every promise, print the table, leave with 1 when one was broken.

`make torture LONG=1` tries longer; `ARGS="kill races"` takes the rows that begin so; SEED=… repeats one run.
"""

from gevent import monkey

monkey.patch_all()  # before anything else is imported: the readers are greenlets

import argparse  # noqa: E402
import os  # noqa: E402
import secrets  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from contextlib import AbstractContextManager, ExitStack  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

from torture import rows, table  # noqa: E402
from torture.ground import Ground, Services, laid_out  # noqa: E402
from torture.provider import running  # noqa: E402
from torture.row import Row  # noqa: E402
from torture.table import Outcome  # noqa: E402
from torture.tally import Tally  # noqa: E402


def main() -> None:
    known = {row.name: row for row in rows.ALL}
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"which rows, by how they begin: {', '.join(known)}")
    parser.add_argument("--runs", type=int, help="so many runs of each row")
    parser.add_argument(
        "--patience",
        type=float,
        default=1.0,
        help="how many times as long as promised may takeovers and lost tails be: for a shared machine, "
        "where only what was acknowledged is judged strictly",
    )
    wanted = parser.parse_args()
    chosen = [row for name, row in known.items() if not wanted.rows or name.startswith(tuple(wanted.rows))]
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    long = os.environ.get("LONG", "") not in ("", "0")
    folder = Path(tempfile.mkdtemp(prefix="headwater-torture-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user
    form = f"SEED={seed}, {'long' if long else 'short'} form, {len(chosen)} rows"
    print(f"{form}{f', times × {wanted.patience:g}' if wanted.patience != 1 else ''}\n", flush=True)
    outcomes = []
    with ExitStack() as stack:
        services, provider = Services(stack), stack.enter_context(running())
        for row in chosen:
            runs = wanted.runs or (row.long if long else row.ci)
            print(f"{row.name} × {runs} …", end=" ", flush=True)
            ground = partial(
                laid_out, folder / row.name, provider, services, f"{seed} {row.name}", wanted.patience
            )
            outcomes.append(try_row(row, runs, folder / row.name, ground))
            print(f"{outcomes[-1].verdict}, {outcomes[-1].seconds:.0f} s", flush=True)
    print(f"\n{table.machine()}\n\n{table.show(outcomes)}")
    if all(outcome.tally.broken == [] for outcome in outcomes):
        shutil.rmtree(folder, ignore_errors=True)
        return
    print(f"\n{table.show_broken(outcomes)}\nWhat there is to look at: {folder}. Again: SEED={seed}")
    sys.exit(1)


def try_row(
    row: Row, runs: int, folder: Path, lay_out: Callable[[], AbstractContextManager[Ground]]
) -> Outcome:
    """Run one row; whatever it raises is a broken promise too. Evidence stays only where one was broken."""
    tally, began = Tally(), time.monotonic()
    try:
        with lay_out() as ground:
            row.torture(ground, tally, runs)
    except Exception as error:  # noqa: BLE001  the next row is tried all the same, and the table says it
        tally.broken.append(f"{type(error).__name__}: {error}")
    if tally.broken:
        (folder / "broken.txt").write_text("\n".join([*tally.broken, "", tally.said(), ""]))
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(row, runs, tally, time.monotonic() - began)


if __name__ == "__main__":
    main()
