"""How well a passage answers a question by its words: how seldom they are, how often there, how near.

This is BM25 over a passage's own words, the end of the one before and what stands above it, with something
for words that are near each other. It reads passages themselves, so that both databases rank alike. Its
numbers are those that are usual for short texts; how well it finds hardly depends on any of them.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from chat.core.searching import ALONE, MARK_CODES, WORD, is_kept
from chat.core.stems import forms_of

SATURATED = 0.9  # how soon more of the same word says no more (k1)
BY_LENGTH = 0.4  # how much a longer passage has to say a word more often (b)
USUAL = 900  # characters of a passage
ABOVE = 0.6  # what a word of its headings or its document's name counts, beside one of its own
BEFORE = 0.5  # what a word of the end of the passage before counts
NEAR = 90  # characters from one word to another that is near it
NEARNESS = 0.4  # what that adds, of the lesser one's weight
SEAM = 0.5  # of what scripts without spaces ask for: about every second pair of signs is no word
BEGINNING = 3  # letters that a word and its stem share at least; of a longer one, all but the last
ACCENTS = re.compile("[\u0300-\u036f]+")
POINTED = re.compile("[\u0483-\u1fff\ua66f-\uabff\ufb1e-\ufe2f]")  # scripts that may have other points
POINTS = {code: None for code in MARK_CODES if unicodedata.combining(chr(code)) and not is_kept(chr(code))}


@dataclass(frozen=True, slots=True)
class Term:
    """A word that was asked for, in its forms, and what finding it is worth."""

    forms: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Text:
    """What of a passage is ranked."""

    own: str
    before: str = ""
    above: str = ""  # its headings, and its document's name


@dataclass(frozen=True, slots=True)
class Answered:
    """How well a passage answers a question; `held`: the share of the question's weight that it holds."""

    score: float
    held: float


def weight_of(holding: float, all_of_them: float) -> float:
    """Say what a word is worth that so many of all passages hold."""
    return log(1 + (max(0.0, all_of_them - holding) + 0.5) / (holding + 0.5))


class Asked:
    """A question, ready to be held against passages."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms
        self._whole = sum(term.weight * (SEAM if ALONE.match(term.forms[0]) else 1) for term in terms)
        self._begins = _begins(terms)
        # The term of each word that was seen; -1: none.
        self._known = {form: at for at, term in reversed([*enumerate(terms)]) for form in term.forms}

    def answered(self, text: Text) -> Answered:
        """Say how well a passage answers."""
        own = self._places(text.own)
        counts = [0.0] * len(self._terms)
        for _, term in own:
            counts[term] += 1
        for said, worth in ((text.before, BEFORE), (text.above, ABOVE)):
            for term in {term for _, term in self._places(said)}:
                counts[term] += worth
        length = 1 - BY_LENGTH + BY_LENGTH * len(text.own) / USUAL
        found = [(term.weight, count) for term, count in zip(self._terms, counts, strict=True) if count]
        score = sum(
            weight * count * (SATURATED + 1) / (count + SATURATED * length) for weight, count in found
        )
        held = sum(weight for weight, _ in found)
        return Answered(score + self._nearness(own), min(1.0, held / self._whole) if self._whole else 0.0)

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Say where in a text which terms are. Looking for beginnings is quicker than reading all words."""
        said, found = bare(text), []
        for begin in self._begins:
            at = said.find(begin)
            while at >= 0:
                if (word := _word_at(said, at, begin)) and (term := self._term_of(word)) >= 0:
                    found.append((at, term))
                at = said.find(begin, at + 1)
        return sorted(found)

    def _term_of(self, word: str) -> int:
        known = self._known.get(word)
        if known is None:
            forms = {word} if ALONE.match(word) else set(forms_of(word))
            each = enumerate(self._terms)
            known = self._known[word] = next((at for at, term in each if forms & set(term.forms)), -1)
        return known

    def _nearness(self, places: Sequence[tuple[int, int]]) -> float:
        """Add for each two terms that stand near each other somewhere, with no third between."""
        best: dict[tuple[int, int], float] = {}
        for (left, one), (right, other) in pairwise(places):
            if one != other and right - left < NEAR:
                pair = (min(one, other), max(one, other))
                best[pair] = max(best.get(pair, 0.0), 1 - (right - left) / NEAR)
        weights = [term.weight for term in self._terms]
        return NEARNESS * sum(near * min(weights[a], weights[b]) for (a, b), near in best.items())


def bare(text: str) -> str:
    """Fold a whole text as `searching.fold` does a word, but for what is between its words."""
    if text.isascii():
        return text.lower()
    text = ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", text.translate(POINTS) if POINTED.search(text) else text)


def _begins(terms: Sequence[Term]) -> list[str]:
    """Give the beginnings of all words that may be forms of the terms, none of which begins another."""
    forms = {form for term in terms for form in term.forms}
    found = [form for form in forms if ALONE.match(form)]
    for one in sorted(form[: max(BEGINNING, len(form) - 1)] for form in forms.difference(found)):
        if not found or not one.startswith(found[-1]):
            found.append(one)
    return found


def _word_at(said: str, at: int, begin: str) -> str | None:
    """Give the word that begins there; None in the middle of one."""
    if ALONE.match(begin):
        return begin
    if at and said[at - 1].isalnum() and not ALONE.match(said, at - 1):
        return None
    found = WORD.match(said, at)
    return found[0] if found else None
