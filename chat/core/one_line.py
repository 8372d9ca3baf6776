"""One line of what somebody calls something, a title or a name: what is seen of it, in its order."""

import re

# What nobody sees: marks that turn the direction of writing (with them `photo\u202egnp.exe` looks like a
# picture) or hide orders to a model, and letters without a shape, of which a name could be made that is none.
HIDDEN = (
    "\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f"
)
CONTROLS = "\u0000-\u001f\u007f-\u009f"
JOINERS = "\u200c\u200d"  # of letters in Persian and Hindi, of parts of a picture: alone they are nothing
SOMETHING = rf"[^\s{CONTROLS}{HIDDEN}{JOINERS}]"  # for a regular expression: a character that is seen

HALVES = "\ud800-\udfff"  # of surrogate pairs: JSON may bring them, and nothing can keep them
_HIDDEN, _BLANK = re.compile(f"[{HIDDEN}{HALVES}]"), re.compile(rf"[\s{CONTROLS}]+")
_SEEN = re.compile(SOMETHING)


def one_line(said: str, most: int | None = None) -> str:
    """Give it on one line of at most that many characters, without what nobody sees; "" if that is all."""
    line = _BLANK.sub(" ", _HIDDEN.sub("", said)).strip()[:most].strip()
    return line if _SEEN.search(line) else ""
