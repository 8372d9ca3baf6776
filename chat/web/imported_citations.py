"""The citations of a file that is brought in: a page will show them, so nothing is taken that is none."""

import re
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, FailFast, Field, model_validator

from chat.core.citing import MOST_SOURCES
from chat.core.documents.file_names import clean_name
from chat.core.sources import Source
from chat.web.errors import Invalid
from chat.web.validation import Body, Whole

# Characters of one, and of all that an answer has: more than is given here, for a page shows many answers.
MOST_QUOTED, MOST_CITED = 10_000, 1_000_000
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
NO_CONTROLS = {"pattern": r"^[^\x00-\x1f\x7f]*$"}


def _one_line(text: str) -> str:
    if CONTROLS.search(text):
        raise ValueError("must not hold control characters")
    return text


OneLine = Annotated[Whole, AfterValidator(_one_line), Field(json_schema_extra=NO_CONTROLS)]
Place = Annotated[int, Field(ge=1, le=2**31 - 1)]  # of a page or a passage
Offset = Annotated[int, Field(ge=0, le=MOST_QUOTED)]


class ImportedCitation(Body):
    """What was cited, in its own words; which document of its server it was means nothing here."""

    number: Annotated[int, Field(ge=1, le=MOST_SOURCES)]
    document: Annotated[OneLine, Field(min_length=1, max_length=255), AfterValidator(clean_name)]
    passage: Place
    page: Place | None = None
    heading: Annotated[Whole, Field(max_length=MOST_QUOTED)] = ""
    text: Annotated[Whole, Field(min_length=1, max_length=MOST_QUOTED)]
    quote: Annotated[list[Offset], Field(min_length=2, max_length=2)] | None = Field(
        None, description="The part of `text` that the answer rests on: from, to, in characters."
    )

    @model_validator(mode="after")
    def _quote_is_of_the_text(self) -> Self:
        if self.quote and not self.quote[0] < self.quote[1] <= len(self.text):
            raise ValueError("quote must be a part of text: from, to")
        return self

    def source(self) -> Source:
        """Give it as this server knows sources: of no document that it has."""
        quote = (self.quote[0], self.quote[1]) if self.quote else None
        place = (self.passage, self.page, self.heading)
        return Source(self.number, "", self.document, *place, self.text, quote)


ImportedCitations = Annotated[list[ImportedCitation], Field(max_length=MOST_SOURCES), FailFast()]


def check(where: str, citations: Sequence[ImportedCitation]) -> None:
    """Check what an answer's citations are together. Raises Invalid, naming `where` they stand."""
    if len({citation.number for citation in citations}) < len(citations):
        raise Invalid(f"{where}: each has a number of its own.")
    if sum(len(citation.text) + len(citation.heading) for citation in citations) > MOST_CITED:
        raise Invalid(f"{where}: together they must not be longer than {MOST_CITED} characters.")
