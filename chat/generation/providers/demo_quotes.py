"""What the demo says where there are documents: their passages in their own words, each with its number."""

import re
from collections.abc import Sequence

from chat.core.citing import best_sentence, sentences
from chat.core.sources import Source

MOST = 3  # passages that are quoted
LONGEST = 320  # characters of one quotation
MARKS = re.compile(r"([\\`*_\[\]<>#|~$&])")  # what Markdown would read as its own

BEFORE = """\
This is the **built-in demo**: no model was asked, so nobody has understood your question. But your \
documents were searched, and this is what in them comes closest to it:
"""
AFTER = """\
The number behind each quotation shows the passage that it stands in. A real model would answer in its own \
words, and cite them in the same way: set `OPENAI_API_KEY` and start again.
"""


def quoted(question: str, sources: Sequence[Source]) -> str:
    """Write an answer of quotations, best first; the same for the same question and sources."""
    return "\n".join((BEFORE, *(_quotation(question, source) for source in sources[:MOST]), AFTER))


def _quotation(question: str, source: Source) -> str:
    found = best_sentence(source.text, question) or next(iter(sentences(source.text)), (0, 0))
    place = [f"*{_plain(source.document)}*"]
    if source.page is not None:
        place.append(f"page {source.page}")
    if heading := source.heading.rpartition(" › ")[2].strip():
        place.append(_plain(heading))
    return f"> {_plain(_cut(source.text[slice(*found)]))} [{source.number}]\n\n{', '.join(place)}\n"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST].rpartition(" ")[0] + " …"


def _plain(text: str) -> str:
    """Keep words of a document from being read as Markdown, or as a mark."""
    text = MARKS.sub(r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d{0,9})([-+=.)])(?=\s|$)", r"\1\\\2", text)
