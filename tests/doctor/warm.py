"""Runs `python -m chat …` without loading all of it each time: every command in a fork of this process."""

import json
import os
import sys
import traceback
from typing import Any, NoReturn

from chat import doctor, upkeep  # noqa: F401  loading these takes most of a command's time
from chat.__main__ import main
from chat.web import database  # noqa: F401


def run(asked: dict[str, Any]) -> int:
    """Run one command in its folder, with its environment alone; what it says goes to files. Its status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, file in enumerate(asked["says"], 1):
        os.dup2(os.open(file, os.O_WRONLY), number)
    _end(asked["arguments"])


def _end(arguments: list[str]) -> NoReturn:
    status = 1
    try:
        status = main(arguments)
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else 1
    except BaseException:  # noqa: BLE001  as Python itself does at its end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for line in sys.stdin:
        print(run(json.loads(line)), flush=True)
