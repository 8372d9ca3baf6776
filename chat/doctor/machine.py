"""The machine and the platform: file descriptors, and the time that is left after SIGTERM."""

import resource
import shlex
from collections.abc import Iterator, Mapping

from chat.config import Settings
from chat.doctor.finding import Finding, ok, warning, wrong

SPARE_FILES = 128  # for the database, the model's server, the log
CLOSING_S = 3  # what gunicorn.conf.py adds for the ends of bodies
# Seconds from SIGTERM to SIGKILL that a platform gives, where that cannot be changed.
FIXED = {"DYNO": ("Heroku", 30), "K_SERVICE": ("Cloud Run", 10)}
OPTION = "--graceful-timeout"


def examine(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Compare what the settings ask for with what there is."""
    yield files(settings.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield time_to_leave(settings, environment)


def files(connections: int, limit: int) -> Finding:
    """Say whether so many lines may be open at once."""
    if 0 <= limit < connections + SPARE_FILES:
        return warning(
            "open files",
            f"{limit} may be open, and CHAT_CONNECTIONS is {connections}.",
            "Raise it (systemd: LimitNOFILE, docker: ulimits, shell: ulimit -n), or lower CHAT_CONNECTIONS.",
        )
    return ok("open files", f"{limit if limit >= 0 else 'any number'} may be open.")


def time_to_leave(settings: Settings, environment: Mapping[str, str]) -> Finding:
    """Say whether the grace time fits into what gunicorn and the platform give."""
    need = settings.grace_s + settings.drain_s + CLOSING_S
    todo = "Lower CHAT_GRACE_S, or let it wait longer."
    given = _option(environment.get("GUNICORN_CMD_ARGS", ""))
    if given is not None and given < need:
        return wrong("leaving", f"takes up to {need:g} s; {OPTION} gives {given:g}.", todo)
    for variable, (platform, seconds) in FIXED.items():
        if environment.get(variable) and seconds < need:
            return wrong("leaving", f"takes up to {need:g} s; {platform} gives {seconds}.", todo)
    return ok("leaving", f"takes up to {need:g} s after SIGTERM: the platform has to wait that long.")


def _option(arguments: str) -> float | None:
    words = shlex.split(arguments.replace("=", " "))
    try:
        return float(words[words.index(OPTION) + 1])
    except (ValueError, IndexError):
        return None
