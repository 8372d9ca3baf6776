"""Stems: what words of documents are found by, whichever of their forms is asked for, in seven languages.

A text's words are cut to their stems by the rules of its language (Snowball's). Of a question nobody knows
which language the documents speak that answer it: it is looked for with the stems of all of them. Scripts
without spaces have no stems: their characters are words, and so is each pair of neighbours.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from Stemmer import Stemmer

from chat.core.searching import ALONE, MOST_BYTES, MOST_WORDS, WORD, fold
from chat.core.stop_words import STOP_WORDS

LANGUAGES = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
SAMPLE = 20_000  # characters of a text by which its language is told
CERTAIN = 0.12  # of its words; even a list of names has so many of those that say nothing
ASCII_WORD = re.compile("[a-z0-9]+")  # what `WORD` finds in such a text, five times as fast
MOST_TERMS = 16  # of a question; of a longer one, those that come first
SAYS_NOTHING = frozenset[str]().union(*STOP_WORDS.values())  # in one language or another
REMEMBERED = 20_000  # words and their forms: those of a language that are in use
ASKED = 4_000  # characters of a question that are looked at: what is pasted behind it is not what is asked


def language_of(text: str) -> str | None:
    """Guess the language by the words that every text has; None where none is certain (a table, a script)."""
    said = [fold(word) for word in split(text[:SAMPLE])[0]]
    counts = _counts(said)
    if not counts or counts[0][1] < max(2, CERTAIN * len(said)):
        return None
    return counts[0][0]


def stems(text: str, language: str | None) -> list[str]:
    """Give the stems of a text, one after another, each as often as it is there; None: the words themselves.

    Doing it on several native threads at once is safe. Long texts are cut, as `searching.words` does.
    """
    plain, pairs = split(text)
    if language in LANGUAGES:
        cut = Stemmer(LANGUAGES[language], 0).stemWords(plain)
        plain = [word if stem in SAYS_NOTHING else stem for word, stem in zip(plain, cut, strict=True)]
    size = 0
    found: list[str] = []
    for word in (*map(fold, plain), *pairs):
        size += len(word) if word.isascii() else len(word.encode())
        if len(found) == MOST_WORDS or size > MOST_BYTES:
            break
        if word:
            found.append(word)
    return found


def terms(question: str) -> list[tuple[str, ...]]:
    """Give what a question asks for: of each word that says something, the stems it may have in any language.

    Nothing, where all words say nothing: "How are you?" is answered by no document.
    """
    plain, pairs = split(question[:ASKED])
    idle = _idle([fold(word) for word in plain])
    said = [word for word in plain if fold(word) and fold(word) not in idle and not ALONE.match(word)]
    alone = [word for word in plain if ALONE.match(word)]
    found = [forms_of(word) for word in said]
    found += [(word,) for word in (pairs or map(fold, alone)) if word]  # one character alone is everywhere
    return list(dict.fromkeys(found))[:MOST_TERMS]


@lru_cache(REMEMBERED)
def forms_of(word: str) -> tuple[str, ...]:
    """Give a word's stems in all languages, also as somebody typed it who left its accents away.

    None that is a word without meaning somewhere (nor is one in the index): to French a "forest" would be a
    "for", which is on every English page.
    """
    bare = fold(word)
    stemmed = (fold(Stemmer(name, 0).stemWord(one)) for name in LANGUAGES.values() for one in {word, bare})
    return tuple(sorted({bare, *({*stemmed} - SAYS_NOTHING)} - {""}))


def _idle(said: Sequence[str]) -> frozenset[str]:
    """Give the words that say nothing in the language that these seem to be of."""
    counts = _counts(said)
    if not counts:
        return frozenset()
    most = counts[0][1]
    return frozenset().union(*(STOP_WORDS[language] for language, count in counts if count == most))


def _counts(said: Sequence[str]) -> list[tuple[str, int]]:
    counts = Counter[str]()
    for language, idle in STOP_WORDS.items():
        if count := sum(word in idle for word in said):
            counts[language] = count
    return counts.most_common()


def split(text: str) -> tuple[list[str], list[str]]:
    """Give the words in small letters, and the pairs of neighbours that have no space between them."""
    text = text.lower()
    if text.isascii():
        return ASCII_WORD.findall(text), []
    return WORD.findall(text), list(_pairs(text)) if ALONE.search(text) else []


def _pairs(text: str) -> Iterator[str]:
    end, last = -1, ""
    for match in WORD.finditer(text):
        if not ALONE.match(match[0]):
            continue
        word = fold(match[0])
        if match.start() == end and word and last:
            yield last + word
        end, last = match.end(), word
