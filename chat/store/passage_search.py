"""Finding passages by the words of a question: few that hold the rarest of them, ranked by what they say.

The work is bounded however common the words are and however many passages there are: of the rarest words, as
many as are together in MOST_HOLDING passages, all passages are looked up; of commoner ones only those that
hold the rarest, too. The best of them by that are read and ranked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection, Integer, bindparam, cast, func, select, true

from chat.core.ranking import Asked, Term, Text, weight_of
from chat.store import passage_index
from chat.store.document_rights import searched
from chat.store.document_tables import documents, passages
from chat.store.passage_index import EACH, SOME, TWICE, Lookup, Seqs
from chat.store.passages import Found

MOST_HOLDING = 4_000  # passages that are looked up, for all words together
MOST_TERMS = 10  # of a question that count, the rarest
EVERYWHERE = 1 / 4  # of the passages: who holds such a word is not looked up, for it tells hardly any apart
READ = 24  # passages that are read and ranked
MOST_HIDDEN = 20_000  # passages on the same shelves that must not be found, that are left out first
AGAIN = 0.4  # of a word's worth, for being there more than once
BESIDE = 0.1  # of what each of its neighbours is worth
LEAST_HELD = 1 / 6  # of the question's weight; what holds less has a word in common with it, no more

Wanted = tuple[tuple[int, ...], str]  # terms that are together in a passage, by number; and the mark


# Made once: to put the conditions together takes as long as to ask them.
_ALLOWED = searched(bindparam("person_id"), bindparam("conversation_id"))
_JOINED = passages.join(documents, documents.c.id == passages.c.document_id)
_IS_ATTACHED = documents.c.conversation_id.is_not(None).label("is_attached")
SHELVES = (
    select(documents.c.shelf, _IS_ATTACHED, cast(func.sum(documents.c.passages), Integer).label("size"))
    .where(_ALLOWED)
    .group_by(documents.c.shelf, _IS_ATTACHED)
)
# Passages on these shelves of documents that were deleted, or are still being read.
HIDDEN = (
    select(passages.c.seq)
    .select_from(_JOINED)
    .where(documents.c.shelf.in_(bindparam("shelves", expanding=True)), _ALLOWED.is_not(true()))
    .limit(MOST_HIDDEN)
)
# In two steps: joined, SQLite may begin with the documents and read all of their passages.
TEXTS = select(passages).where(passages.c.seq.in_(bindparam("seqs", expanding=True)))
NAMES = select(documents.c.id, documents.c.name).where(
    documents.c.id.in_(bindparam("named", expanding=True)), _ALLOWED
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage that was found; `held`: how much of the question it holds, by weight, from 0 to 1."""

    found: Found
    score: float
    held: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the index is what somebody's answer in a conversation may draw on."""

    shelves: tuple[str, ...]
    size: int  # passages
    attached: int  # of them those of the conversation's own documents


def place(conn: Connection, person_id: str, conversation_id: str) -> Place:
    """Say what an answer to this person in this conversation may draw on (see `document_rights.searched`)."""
    rows = conn.execute(SHELVES, {"person_id": person_id, "conversation_id": conversation_id}).all()
    shelves = tuple(sorted({row.shelf for row in rows if row.shelf}))
    return Place(shelves, sum(row.size for row in rows), sum(row.size for row in rows if row.is_attached))


def texts(conn: Connection, person_id: str, conversation_id: str, seqs: Sequence[int]) -> list[Found]:
    """Read these passages, in this order, but for what an answer to this person may not draw on."""
    if not seqs:
        return []
    read = {row.seq: row for row in conn.execute(TEXTS, {"seqs": seqs})}
    named = sorted({row.document_id for row in read.values()})
    asked = {"person_id": person_id, "conversation_id": conversation_id, "named": named}
    names: dict[str, str] = {row.id: row.name for row in conn.execute(NAMES, asked)}
    return [
        Found(
            row.seq, row.document_id, names[row.document_id], row.number, row.page, row.heading, row.before,
            row.text,
        )
        for seq in seqs if (row := read.get(seq)) is not None and row.document_id in names
    ]  # fmt: skip


def search(
    conn: Connection, person_id: str, conversation_id: str, where: Place, terms: Sequence[Term], most: int
) -> list[Ranked]:
    """List passages that answer a question by its words, the best first.

    `where`: what `place` gave, of the same snapshot. `terms`: what is asked for (see `stems.terms`); their
    weights are shares here, 1 for a word of the question itself.
    """
    if not terms or not where.size:
        return []
    asker = {"person_id": person_id, "conversation_id": conversation_id}
    hidden = np.fromiter(conn.execute(HIDDEN, {**asker, "shelves": where.shelves}).scalars(), np.int64)
    weighted, seqs = _looked_up(conn, where.shelves, terms, where.size)
    if hidden.size:
        seqs = seqs[~np.isin(seqs, hidden)]
    if not seqs.size:
        return []
    read = texts(conn, person_id, conversation_id, list(map(int, seqs[:READ])))
    return _ranked(Asked(weighted), read)[:most]


def _looked_up(
    conn: Connection, shelves: Sequence[str], terms: Sequence[Term], size: int
) -> tuple[list[Term], Seqs]:
    """Give the terms with their weights, and what holds the most of them by weight, the best first."""
    counts = passage_index.count(conn, shelves, [term.forms for term in terms])
    # Of its own words a question has few, where it goes on with the one before.
    first = sorted(range(len(terms)), key=lambda at: (-terms[at].weight, counts[at]))[:MOST_TERMS]
    terms, counts = [terms[at] for at in first], [counts[at] for at in first]
    lookups, most = _plan(counts, size)
    said = [Lookup(tuple(terms[at].forms for at in together), mark) for together, mark in lookups]
    lists = passage_index.find(conn, shelves, said, most)
    for (together, mark), found in zip(lookups, lists, strict=True):
        if len(together) == 1 and mark == EACH and len(found) < most:
            counts[together[0]] = len(found)
    weighted = [
        replace(term, weight=term.weight * weight_of(count, size))
        for term, count in zip(terms, counts, strict=True)
    ]
    found = np.unique(np.concatenate(lists))
    scores = np.zeros(len(found))
    for at, term in enumerate(weighted):
        held = [its for (together, mark), its in zip(lookups, lists, strict=True) if at in together]
        again = [its for its, wanted in zip(lists, lookups, strict=True) if wanted == ((at,), TWICE)]
        for many, worth in ((held, 1.0), (again, AGAIN)):
            if many:
                scores[np.searchsorted(found, np.unique(np.concatenate(many)))] += worth * term.weight
    return weighted, found[np.lexsort((found, -scores))]


def _plan(counts: Sequence[int], size: int) -> tuple[list[Wanted], int]:
    """Say which terms are looked up alone, which with the rarest; and how many passages of each at most."""
    rarest, *others = sorted(range(len(counts)), key=lambda at: counts[at])
    everywhere = max(MOST_HOLDING, EVERYWHERE * size)
    useful = [at for at in others if counts[at] <= everywhere]
    alone: Wanted = ((rarest,), EACH)
    again: Wanted = ((rarest,), TWICE)
    if counts[rarest] > everywhere:  # no word tells passages apart: the sample of them has to do
        return [((rarest,), SOME), ((rarest, *others[:1]), SOME)], MOST_HOLDING // 2
    if counts[rarest] > MOST_HOLDING:
        return [alone, ((rarest, useful[0]), EACH) if useful else again], MOST_HOLDING // 2
    lookups = [alone, again]
    left = MOST_HOLDING - counts[rarest]
    for at in useful:
        together = counts[rarest] * counts[at] // max(1, size)
        if counts[at] <= left:
            lookups += [((at,), EACH), ((at,), TWICE)]
            left -= counts[at]
        elif together <= left:
            lookups.append(((rarest, at), EACH))
            left -= together
    return lookups, MOST_HOLDING


def _ranked(asked: Asked, read: Sequence[Found]) -> list[Ranked]:
    """Rank passages by what they say; one beside which the question is answered too is the better one."""
    found = []
    for one in read:
        answered = asked.answered(Text(one.text, one.before, f"{one.heading} {one.document}"))
        if answered.held >= LEAST_HELD:
            found.append(Ranked(one, answered.score, answered.held))
    own = {(one.found.document_id, one.found.number): one.score for one in found}
    beside = [
        replace(
            one,
            score=one.score
            + BESIDE
            * sum(own.get((one.found.document_id, one.found.number + step), 0.0) for step in (-1, 1)),
        )
        for one in found
    ]
    return sorted(beside, key=lambda one: (-one.score, one.found.seq))
