"""Somebody else's words in a sentence of ours: on one line, not too long, and never the key."""

import re

LONGEST_QUOTE = 300  # characters of the server's own words
SHORTEST_KEY = 6  # characters; a shorter one is a placeholder, and may be a part of any word
_KEY = re.compile(r"\b(?:sk|pk|rk|key|gsk|xai)[-_][\w*.-]{6,}|\bBearer\s+\S+", re.IGNORECASE)
_BLANK = re.compile(r"[\s\0-\x1f\x7f\ud800-\udfff]+")


def without_key(text: str, key: str) -> str:
    """Blot the key out of somebody else's words."""
    return text.replace(key, "…") if len(key) >= SHORTEST_KEY else text


def with_quote(text: str, said: str) -> str:
    """End our sentence with what the server said, if it said anything."""
    said = _BLANK.sub(" ", _KEY.sub("…", said)).strip()
    if not said:
        return f"{text}."
    if len(said) > LONGEST_QUOTE:
        said = said[:LONGEST_QUOTE].rstrip() + "…"
    return f"{text}: {said}"
