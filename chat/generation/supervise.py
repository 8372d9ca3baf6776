"""Supervision: a greenlet that must live ends the process loudly if it dies; the next one starts clean."""

import os
from collections.abc import Callable

import gevent
import structlog

log = structlog.get_logger()

EX_SOFTWARE = 70  # sysexits.h: an internal software error


def supervise(name: str, run: Callable[[], None]) -> gevent.Greenlet:
    """Run `run` for the life of the process; its end, whatever the cause, is the end of the process."""

    def guarded() -> None:
        try:
            run()
        except gevent.GreenletExit:
            return  # somebody ended it on purpose: tests, and nobody else
        except BaseException:
            log.critical(
                "a greenlet that must live has died: this process ends", greenlet=name, exc_info=True
            )
            os._exit(EX_SOFTWARE)
        log.critical("a greenlet that must live has returned: this process ends", greenlet=name)
        os._exit(EX_SOFTWARE)

    return gevent.spawn(guarded)
