"""What gunicorn itself has to say, written as our own lines are; a client that stalled is not a traceback."""

import errno
import sys
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

# A client that sleeps, leaves its network or its process says goodbye with one of these, or not at all.
GONE = frozenset({errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNABORTED, errno.EBADF})


class ServerLog(Logger):  # type: ignore[misc]  # an untyped one
    """Gunicorn's logger without a form of its own: `chat.logs` has given the root logger ours."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        if cfg.errorlog == "-":  # whoever names a file gets gunicorn's own lines in it
            self.error_log.handlers.clear()
            self.error_log.propagate = True

    def exception(self, msg: str, *args: Any, **more: Any) -> None:
        """Log what was raised, with its traceback.

        The worker calls this for every socket error but two, and so for each client that took nothing for
        CHAT_STALLED_CLIENT_S: those are one line, and not of interest unless there are many.
        """
        raised = sys.exc_info()[1]
        if msg.startswith("Socket error") and is_goodbye(raised):
            self.info("A client stalled or vanished: %s", raised)
        else:
            super().exception(msg, *args, **more)


def is_goodbye(raised: BaseException | None) -> bool:
    """Say whether a socket's error only means that nobody is at its other end."""
    return isinstance(raised, TimeoutError) or (isinstance(raised, OSError) and raised.errno in GONE)
