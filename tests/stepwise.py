"""The app that reads documents only as far as a test lets it: `tests.stepwise:app`.

How many messages of a reader may pass is said in a file beside the database. Where there is none, all may.
"""

from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path

import gevent

from chat import create_app
from chat.extraction.limits import Limits
from chat.generation import extracting

MAY_PASS = "may-pass"
_read = extracting.read


def let_pass(folder: Path, messages: int | None) -> None:
    """Let so many messages of each reader pass at the server in this folder; None: all."""
    if messages is None:
        (folder / MAY_PASS).unlink(missing_ok=True)
        return
    new = folder / f"{MAY_PASS}.new"
    new.write_text(str(messages))
    new.replace(folder / MAY_PASS)


def read(kind: str, pieces: Iterable[bytes], limits: Limits) -> Generator[extracting.Message, None, None]:
    """Read as the server does, and hold back what may not pass: its reader waits at a full pipe then."""
    with closing(_read(kind, pieces, limits)) as messages:
        for number, message in enumerate(messages, 1):
            while number > _may_pass():
                gevent.sleep(0.01)
            yield message


def _may_pass() -> float:
    try:
        return int(Path(MAY_PASS).read_text())
    except FileNotFoundError:
        return float("inf")


extracting.read = read
app = create_app()
