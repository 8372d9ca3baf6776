"""How a command ends: its exit status, and what went wrong in one sentence."""

import signal
from collections.abc import Callable

from chat.terminal.client import BadAddress, Refused, Unreachable
from chat.terminal.ctrl_c import LEFT
from chat.terminal.failure import Failure
from chat.terminal.kept import Unreadable
from chat.terminal.paper import drop_stdout, stderr
from chat.terminal.reading import Lost

PIPE_CLOSED = 128 + signal.SIGPIPE  # whoever read us has seen enough, as with `| head`
LOST = "The server has been out of reach for two minutes. What it was writing, it goes on with; look later."


def of(command: Callable[[], int]) -> int:
    """Do it, and give the exit status."""
    try:
        return command()
    except (Failure, BadAddress, Unreadable, Refused, Unreachable) as error:
        stderr().line(str(error))
        return error.status if isinstance(error, Failure) else 1
    except Lost:
        stderr().line(LOST)
        return 1
    except KeyboardInterrupt:
        stderr().line()
        return LEFT
    except BrokenPipeError:
        drop_stdout()
        return PIPE_CLOSED
