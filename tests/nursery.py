"""Where servers are born: a process that has loaded what they need, and forks each of them off itself.

Loading is most of a server's start, and the suite starts hundreds. Each is forked off before a setting was
read, a file opened or a greenlet begun, and from there on is what `python -m gunicorn` would be. A line of
JSON asks for a birth and is answered with the number of the process; such a number is answered with how that
process ended, or null.
"""

__import__("gevent.monkey").monkey.patch_all()  # as gunicorn.conf.py does, before anything else is loaded
# ruff: noqa: E402  what is imported later must cooperate

import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from gevent.monkey import get_original

from tests.parent import die_with_parent

on_signal = get_original("signal", "signal")  # gevent's own hears of children through its hub
fork = get_original("os", "fork")  # and so does its fork
LOADED = ("gunicorn.app.wsgiapp", "gunicorn.workers.ggevent", "chat.web.factory", "alembic.command")
ENDED: dict[int, int] = {}  # how those ended that were born here


def main() -> None:
    """Bear whom we are asked for, until nobody can ask any more."""
    gc.disable()
    for name in LOADED:
        importlib.import_module(name)
    assert "prometheus_client" not in sys.modules, "it decides when it is loaded where figures are kept"
    gc.freeze()
    gc.enable()
    on_signal(signal.SIGCHLD, bury)
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            answer(ENDED.get(asked))
            continue
        # Nothing is noted of it before this is done: it may end sooner than we come to that.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        born = fork()
        ENDED.pop(born, None)  # of another that had the number before
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        if born:
            answer(born)
        else:
            live(asked)


def answer(told: int | None) -> None:
    print(json.dumps(told), flush=True)


def bury(_told: int, _frame: Any) -> None:
    """Note at once how children ended: who looks for one by its number is to find nobody."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        ENDED[pid] = os.waitstatus_to_exitcode(status)


def live(asked: Mapping[str, Any]) -> None:
    """Be a server: `arguments` of gunicorn, its `folder`, its whole `environment`, the file of its `log`."""
    on_signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with_parent()
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    silence, log = os.open(os.devnull, os.O_RDONLY), os.open(asked["log"], os.O_WRONLY | os.O_APPEND)
    for ours, theirs in ((silence, 0), (log, 1), (log, 2)):
        os.dup2(ours, theirs)
    os.close(silence)
    os.close(log)
    # Where it runs gunicorn would have noted when it was loaded.
    sys.argv = ["gunicorn", "--chdir", asked["folder"], *asked["arguments"]]
    importlib.import_module("gunicorn.app.wsgiapp").run()


if __name__ == "__main__":
    main()
