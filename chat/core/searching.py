"""How text is found again: the words it is folded into, what a query means, and the place that is shown."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

LONGEST_WORD = 40  # characters; the rest of a longer one (an address, a key) finds nothing
SPELT = 8  # characters that are looked at for one of these: putting thousands of marks in order takes seconds
MOST_WORDS = 16_000  # of one text: PostgreSQL counts positions no further
MOST_BYTES = 400_000  # of them all: its tsvector holds a megabyte, positions and all
MOST_TERMS = 12  # of a query; the rest is passed over
LONGEST_PHRASE = 20  # words
SHORTEST_PREFIX = 2  # one letter is the beginning of everything
SHOWN = 180  # characters of a snippet
LEAD = 50  # of them before the first hit
LOOKED_THROUGH = 100_000  # characters of a text, for a place to show

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
# Scripts that put no spaces between words: each character is a word, and what is looked for a phrase.
# Thai and Lao, Burmese, Khmer, Kana, Han (also beyond the first plane, and as written half as wide).
UNSPACED = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)


# Where marks are: none among Han, Hangul, Tangut and what is private, which are most of all characters.
MARKED = (range(0x300, 0x3100), range(0xA66F, 0xAC00), range(0xFB1E, 0x17000), range(0x1BC00, 0x1E950))
# The characters that only ever change the one before them.
MARK_CODES = [code for code in chain(*MARKED) if unicodedata.category(chr(code)) in ("Mn", "Mc")]


def _ranges(codes: Sequence[int]) -> str:
    """Write characters as ranges of a pattern."""
    runs = [[code for _, code in run] for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0])]
    return "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)


MARKS = _ranges(MARK_CODES)
WORD = re.compile(rf"[{UNSPACED}][{MARKS}]*|[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[{MARKS}])*")
ALONE = re.compile(rf"[{UNSPACED}]")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one after another; with `prefix` the last of them may go on."""

    words: tuple[str, ...]
    prefix: bool = False


Query = tuple[Term, ...]  # all of them must be found
Piece = tuple[str, bool]  # some text, and whether it is what was looked for
Occurrence = tuple[int, int, int]  # from where, up to where, and which term of the query
Unseen = Callable[[str, int], Iterable[tuple[int, int]]]  # the spans of a text near a place that nobody sees


def words(text: str) -> list[str]:
    """Fold a text into its words: case, accents and width make no difference. Long texts are cut."""
    found: list[str] = []
    size = 0
    for match in WORD.finditer(text):
        word = fold(match[0])
        size += len(word) if word.isascii() else len(word.encode())
        if len(found) == MOST_WORDS or size > MOST_BYTES:
            break
        if word:
            found.append(word)
    return found


def fold(word: str) -> str:
    """Write a word as the index has it: letters and digits alone, whatever was typed."""
    if word.isascii():
        return word[:LONGEST_WORD].lower()
    looked_at = word[: SPELT * LONGEST_WORD]
    bare = "".join(filter(is_kept, unicodedata.normalize("NFKD", looked_at).casefold()))
    return unicodedata.normalize("NFC", bare)[:LONGEST_WORD]


def parse(text: str) -> Query:
    """Read what somebody typed: quotes hold a phrase together, and the last word may be unfinished.

    Every text means something: what is no word is passed over.
    """
    terms: list[Term] = []
    pieces = text.translate(QUOTES).split('"')
    for at, piece in enumerate(pieces):
        quoted = at % 2 == 1 and at < len(pieces) - 1  # an open quote is one that is still being typed
        chunks = [piece] if quoted else piece.split()
        terms += [Term(found) for chunk in chunks if (found := tuple(words(chunk))[:LONGEST_PHRASE])]
    terms = terms[:MOST_TERMS]
    if terms and WORD.match(text[-1:]) and _may_go_on(terms[-1].words[-1]):
        terms[-1] = Term(terms[-1].words, prefix=True)
    return tuple(dict.fromkeys(terms))


def snippet(text: str, query: Query, unseen: Unseen | None = None) -> list[Piece]:
    """Cut the place out of a text where most of the query is, and mark what was found there.

    `unseen` says what is left out near a place, save where the query was found in it.
    """
    text = text[:LOOKED_THROUGH]
    hits = sorted(_hits(text, query))
    start = _best_start(hits)
    if unseen is not None:
        text, hits = _without(unseen(text, start), text, hits)
        start = _best_start(hits)
    start = text.rfind(" ", 0, max(0, start - LEAD)) + 1 if start > LEAD else 0
    end = (
        len(text)
        if len(text) <= start + SHOWN
        else max(text.rfind(" ", start, start + SHOWN), start + LEAD * 2)
    )
    shown = list(_pieces(text, start, end, hits))
    return [*([("… ", False)] if start else []), *shown, *([(" …", False)] if end < len(text) else [])]


def is_kept(character: str) -> bool:
    """Say whether a character of a decomposed word makes a difference to who looks for it.

    Accents of Latin, Greek and Cyrillic, and the points of Hebrew and Arabic, are often left away; the marks
    of Kana and of Indian scripts never are.
    """
    combining = unicodedata.combining(character)
    if combining:
        return combining < 10 or 35 < combining < 200
    return character.isalnum() or unicodedata.category(character) in ("Mn", "Mc")


def _may_go_on(word: str) -> bool:
    return len(word) >= SHORTEST_PREFIX and not ALONE.match(word)


def _without(
    spans: Iterable[tuple[int, int]], text: str, hits: Sequence[Occurrence]
) -> tuple[str, list[Occurrence]]:
    """Leave spans out of a text, save those with a hit in them; give it and where its hits are then."""
    edges = sorted(place for begin, end, _ in hits for place in (begin, end - 1))
    kept, cuts, gone, at = "", [0], [0], 0  # from each cut on, so many characters are gone
    for begin, end in spans:
        if bisect_right(edges, end - 1) > bisect_right(edges, begin - 1):
            continue
        kept += text[at:begin]
        cuts.append(begin)
        gone.append(gone[-1] + end - begin)
        at = end

    def moved(place: int) -> int:
        return place - gone[bisect_right(cuts, place) - 1]

    return kept + text[at:], [(moved(begin), moved(end - 1) + 1, term) for begin, end, term in hits]


def _hits(text: str, query: Query) -> Iterator[Occurrence]:
    """Give the spans of the query's terms in a text, each with its term's number."""
    spans = [(fold(match[0]), match.start(), match.end()) for match in WORD.finditer(text)]
    spans = [span for span in spans if span[0]]
    places: dict[str, list[int]] = {}
    for at, (word, _, _) in enumerate(spans):
        places.setdefault(word, []).append(at)
    for number, term in enumerate(query):
        if len(term.words) == 1 and term.prefix:
            begins = [at for word, found in places.items() if word.startswith(term.words[0]) for at in found]
        else:
            begins = places.get(term.words[0], [])
        for at in begins:
            if _stands(spans[at : at + len(term.words)], term):
                yield spans[at][1], spans[at + len(term.words) - 1][2], number


def _stands(spans: Sequence[tuple[str, int, int]], term: Term) -> bool:
    found = [word for word, _, _ in spans]
    if len(found) < len(term.words) or found[:-1] != list(term.words[:-1]):
        return False
    return found[-1].startswith(term.words[-1]) if term.prefix else found[-1] == term.words[-1]


def _best_start(hits: Sequence[Occurrence]) -> int:
    """Give the first hit of the window in which most different terms are."""
    best, most = 0, 0
    for at, (start, _, _) in enumerate(hits[:200]):
        within = {number for begin, _, number in hits[at : at + 50] if begin < start + SHOWN - LEAD}
        if len(within) > most:
            best, most = start, len(within)
    return best


def _pieces(text: str, start: int, end: int, hits: Sequence[Occurrence]) -> Iterator[Piece]:
    at = start
    for begin, until, _ in hits:
        if begin < at or until > end:
            continue
        if plain := _one_line(text[at:begin]):
            yield plain, False
        yield _one_line(text[begin:until]), True
        at = until
    if plain := _one_line(text[at:end]):
        yield plain, False


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
