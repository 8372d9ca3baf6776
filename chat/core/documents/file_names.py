"""Names of files: what somebody's computer called one, made fit to be shown, kept and given back."""

import re

LONGEST = 255  # characters, as the table holds them
LONGEST_SUFFIX = 10
NAMELESS = "Document"
# Marks that turn the direction of writing: with them `photo\u202egnp.exe` looks like a picture.
TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean_name(said: str) -> str:
    """Give the name without its folders, on one line, short enough to keep; its suffix stays."""
    last = re.split(r"[/\\]", said.rstrip("/\\ "))[-1]
    bare = TURNS.sub("", last)
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in bare).split())
    return shortened(line.strip(), LONGEST).strip(" .") or NAMELESS


def shortened(name: str, most: int) -> str:
    """Cut a name in its middle, so that what it ends in still says what it is."""
    if len(name) <= most:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > LONGEST_SUFFIX:
        return f"{name[: most - 1]}…"
    return f"{stem[: most - 2 - len(suffix)]}…{dot}{suffix}"
