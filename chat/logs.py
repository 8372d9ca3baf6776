"""How the log is written: one line an occurrence, for people or for machines, on stderr."""

import logging
import os
import sys
from typing import Any, TextIO

import structlog

from chat.config import Settings

# Libraries that tell of every request they make.
TALKATIVE = ("httpx2", "httpcore2", "openai", "alembic", "authlib", "urllib3")


class Written(logging.StreamHandler[TextIO]):
    """Where our lines go: known by its class, so that a second one takes the place of the first."""


def install(settings: Settings) -> None:
    """Send our own lines and those of libraries the same way. Doing it twice is harmless."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _add_pid,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_form(settings.log_format)],
    )
    written = Written(sys.stderr)
    written.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [*(other for other in root.handlers if not isinstance(other, Written)), written]
    root.setLevel(settings.log_level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _add_pid(_logger: Any, _method: str, line: Any) -> Any:
    line["pid"] = os.getpid()  # which worker it was
    return line


def _form(log_format: str) -> list[Any]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback  # others show the values of variables, and with them secrets
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
