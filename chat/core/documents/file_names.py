"""Names of files: what somebody's computer called one, made fit to be shown, kept and given back."""

import re

from chat.core.one_line import one_line

LONGEST = 255  # characters, as the table holds them
LONGEST_SUFFIX = 10
NAMELESS = "Document"


def clean_name(said: str) -> str:
    """Give the name without its folders, on one line, short enough to keep; its suffix stays."""
    last = re.split(r"[/\\]", said.rstrip("/\\ "))[-1]
    return shortened(one_line(last), LONGEST).strip(" .") or NAMELESS


def shortened(name: str, most: int) -> str:
    """Cut a name in its middle, so that what it ends in still says what it is."""
    if len(name) <= most:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > LONGEST_SUFFIX:
        return f"{name[: most - 1]}…"
    return f"{stem[: most - 2 - len(suffix)]}…{dot}{suffix}"
