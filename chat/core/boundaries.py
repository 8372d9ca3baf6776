"""Where a batch may end: after a word, a sentence, a paragraph, or every n bytes."""

import re
from collections.abc import Callable, Iterator

from chat.core.log import floor_boundary

LOOK_BACK = 64  # characters of old text that a rule gets; none looks further, so deltas may be cut anywhere

# (old text, new text, the byte offset where the new begins) → the last boundary that the new text brought,
# in characters of it, or -1. A boundary is decided once: by the character that settles it.
LastBoundary = Callable[[str, str, int], int]

_CLOSERS = "\"'”’»›)\\]}*_`~」』）】》〉］｝"  # Markdown's marks close with the sentence: **Stop.**
_SPACED = ".!?…‼⁇⁈⁉؟۔।॥።"  # end a sentence when white space follows
_UNSPACED = "。！？｡"  # end one by themselves
_SENTENCE = re.compile(
    rf"[{_SPACED}][{_CLOSERS}]{{0,8}}\s|[{_UNSPACED}][{_CLOSERS}]{{0,8}}(?=[^{_CLOSERS}{_UNSPACED}])"
)
_SENTENCE_OR_LINE = re.compile(rf"\n|{_SENTENCE.pattern}")
_LONGEST_MARK = 9  # characters from a mark to the one that settles it
_LONGEST_LEAD = 24  # characters before a full stop that tell what it ends
_OPENERS = "\"'“‘„«‹([{*_`~"
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_]{1,3})*")  # J. · e.g. · i.e. · U.S. · p.m. · z.B.
_SHORTENED = """
    Ph.D Dr Mr Mrs Ms Mx Mme Mlle Prof Rev Hon Gen Col Sgt Capt Lt Gov Sen Rep St Ste Jr Sr Dipl Ing
    Inc Ltd Co Corp Dept Univ Nos Nr Fig Figs Eq Eqs Sec Ch Vol Art Abb Abs pp vs cf ca etc al ed eds
    approx resp bzw usw bspw vgl evtl inkl Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec
"""
_ABBREVIATIONS = frozenset(_SHORTENED.split())  # without "No": as an answer it is a sentence

_BLANK_LINE = re.compile(r"(?<=\n)[ \t\r]{0,32}\n")


def after_word(old: str, new: str, start: int) -> int:
    """Find the place after the last white space."""
    if new[-1:].isspace():
        return len(new)
    word = new.rsplit(None, 1)[-1]
    return len(new) - len(word) if len(word) < len(new) else -1


def after_sentence(old: str, new: str, start: int) -> int:
    """Find the place after the last sentence or line."""
    line = new.rfind("\n") + 1
    last = line or -1
    text = old + new
    for mark in _SENTENCE.finditer(text, max(0, len(old) + (line or -_LONGEST_MARK))):
        at = mark.start()
        if text[at] != "." or not _is_no_sentence(text[max(0, at - _LONGEST_LEAD) : at]):
            last = max(last, mark.end() - len(old))
    return last


def sentence_ends(text: str) -> Iterator[int]:
    """List the places in a whole text where its next sentence or line begins, from the left."""
    for mark in _SENTENCE_OR_LINE.finditer(text):
        at = mark.start()
        if text[at] != "." or not _is_no_sentence(text[max(0, at - _LONGEST_LEAD) : at]):
            yield mark.end()


def _is_no_sentence(lead: str) -> bool:
    """Say whether a full stop after `lead` belongs to an abbreviation or to the number of a list item."""
    line = lead[lead.rfind("\n") + 1 :].strip(" \t>")
    if line.isdigit() and len(line) <= 3:
        return True
    word = lead.rsplit(None, 1)[-1].lstrip(_OPENERS) if lead.strip() else ""
    return word in _ABBREVIATIONS or _INITIALS.fullmatch(word) is not None


def after_paragraph(old: str, new: str, start: int) -> int:
    """Find the place after the last blank line."""
    last = -1
    if "\n" in new:
        for blank in _BLANK_LINE.finditer(old + new):
            last = max(last, blank.end() - len(old))
    return last if last > 0 else -1


def after_bytes(step: int) -> LastBoundary:
    """Make the rule that finds the last multiple of `step` bytes, moved back to a character boundary."""

    def last(old: str, new: str, start: int) -> int:
        data = new.encode()
        mark = (start + len(data)) // step * step - start
        return len(data[: floor_boundary(data, mark)].decode()) if mark > 0 else -1

    return last


NAMED: dict[str, LastBoundary] = {
    "word": after_word,
    "sentence": after_sentence,
    "paragraph": after_paragraph,
}
