"""Documents as text: what was read of one, and the passages it is cut into."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list, a table or a piece of code, as a reader of one kind of file found it.

    `headings`: those above it, the outermost first. `page`: from 1; None where the kind has no pages.
    """

    text: str
    headings: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, small enough to be quoted; the `text`s one after another are all of its text.

    `before`: the end of the passage before it, within which it is found too. `heading`: those above it,
    the outermost first, with ` › ` between. Numbers and pages count from 1.
    """

    number: int
    text: str
    before: str = ""
    heading: str = ""
    page: int | None = None
