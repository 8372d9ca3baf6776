"""What the demo says where there are documents: their passages in their own words, each with its number."""

import re
from collections.abc import Sequence

from chat.core.citing import best_sentence, sentences
from chat.core.fusion import fuse
from chat.core.ranking import Asked, Term, Text
from chat.core.sources import Source
from chat.core.stems import terms

MOST = 3  # passages that are quoted
FEW = 4  # words that are a heading rather than a sentence: what follows goes along
LONGEST = 320  # characters of one quotation
MARKS = re.compile(r"([\\`*_\[\]<>#|~$&])")  # what Markdown would read as its own

BEFORE = """\
This is the **built-in demo**: no model was asked, so nobody has understood your question. But your \
documents were searched, and this is what in them comes closest to it:
"""
BEGINNINGS = """\
This is the **built-in demo**: no model was asked, so nobody has understood your question. Your documents \
were searched, and **nothing in them has a word in common with it**. This is how they begin:
"""
IN_VAIN = """\
Your documents were searched, and **nothing in them answers this**. Ask with words that stand in them: this \
demo, without a model, finds nothing by meaning.

---

"""
AFTER = """\
The number behind each quotation shows the passage that it stands in. A real model would answer in its own \
words, and cite them in the same way: set `OPENAI_API_KEY` and start again.
"""


def quoted(question: str, sources: Sequence[Source]) -> str:
    """Write an answer of quotations, best first; the same for the same question and sources."""
    closest = _closest(question, sources)
    quotations = (_quotation(question, source) for source in (closest or sources)[:MOST])
    return "\n".join((BEFORE if closest else BEGINNINGS, *quotations, AFTER))


def _closest(question: str, sources: Sequence[Source]) -> list[Source]:
    """List those that hold words of the question, the closest first."""
    asked = Asked([Term(forms, 1.0) for forms in terms(question)])
    held = {one: asked.answered(Text(one.text, above=one.heading)).held for one in sources}
    found = [one for one in sources if held[one]]
    if not _is_read_in_order(sources):
        return found
    return fuse(found, sorted(found, key=lambda one: -held[one]))


def _is_read_in_order(sources: Sequence[Source]) -> bool:
    """Say whether whole documents come first, as they are read: then they have no rank."""
    first, second = (*sources[:2], None, None)[:2]
    if first is None or second is None or first.passage != 1:
        return False
    return second.passage == (2 if second.document_id == first.document_id else 1)


def _quotation(question: str, source: Source) -> str:
    spans = sentences(source.text) or [(0, 0)]
    start, end = best_sentence(source.text, question) or spans[0]
    if len(source.text[start:end].split()) < FEW:
        end = next((after for _, after in spans if after > end), end)
    place = [f"*{_plain(source.document)}*"]
    if source.page is not None:
        place.append(f"page {source.page}")
    if heading := source.heading.rpartition(" › ")[2].strip():
        place.append(_plain(heading))
    return f"> {_plain(_cut(source.text[start:end]))} [{source.number}]\n\n{', '.join(place)}\n"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST].rpartition(" ")[0] + " …"


def _plain(text: str) -> str:
    """Keep words of a document from being read as Markdown, or as a mark."""
    text = MARKS.sub(r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d{0,9})([-+=.)])(?=\s|$)", r"\1\\\2", text)
