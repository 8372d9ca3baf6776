"""What a template is given of the sources of an answer, and how the chips in its text lead to them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import escape

from chat.core.citing import MARK
from chat.core.sources import Source
from chat.store.message_rows import Message

CHIP = re.compile(r"<b>([0-9]+)</b>")  # as a picture writes it: the page adds whose it is


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source of a message, as the list below its text names it."""

    message_id: str
    number: int
    document: str
    place: str  # its page, or the last of the headings above it; may be empty

    @property
    def href(self) -> str:
        """Lead there from wherever the message is shown: the page, or a link that shares it."""
        return f"?source={self.message_id}.{self.number}"

    @property
    def name(self) -> str:
        """Say what it is, as a screen reader does."""
        return f"Source {self.number}: {self.document}" + (f", {self.place}" if self.place else "")


@dataclass(frozen=True, slots=True)
class PassageView:
    """A source, whole: what comes before the words that the answer rests on, these, and what comes after."""

    source: SourceView
    page: str
    heading: str
    before: str
    quote: str
    after: str


def numbers_of(message: Message) -> frozenset[int]:
    """Give the numbers that the text of this message may cite."""
    return frozenset(citation["number"] for citation in message.citations)


def with_links(html: str, message_id: str, sources: Sequence[SourceView] = ()) -> str:
    """Turn a picture's chips into links to the sources of this message, with their names if they are known.

    static/js/chips.js does the same with what a page is sent as the text grows.
    """
    names = {source.number: source.name for source in sources}

    def link(chip: re.Match[str]) -> str:
        number = int(chip[1])
        name = escape(names.get(number, f"Source {number}"))
        href = f"?source={message_id}.{number}"
        return f'<a class="chip" href="{href}" data-n="{number}" aria-label="{name}">[{number}]</a>'

    return CHIP.sub(link, html)


def shown_sources(message: Message, html: str) -> list[SourceView]:
    """Give the sources whose chips this picture of the message's text shows, by number."""
    shown = {int(number) for number in CHIP.findall(html)} if message.citations else set()
    sources = (Source.from_json(citation) for citation in message.citations)
    return [view_source(message.id, source) for source in sources if source.number in shown]


def find_source(message: Message, number: int) -> Source | None:
    """Find the source of this number, if the message's text names it: what was only offered is nobody's."""
    named = {int(one) for mark in MARK.finditer(message.text) for one in mark[1].split(",")}
    sources = (Source.from_json(citation) for citation in message.citations)
    return next((one for one in sources if one.number == number and number in named), None)


def view_source(message_id: str, source: Source) -> SourceView:
    """Dress a source for a list."""
    place = _page(source) or _last(source.heading)
    return SourceView(message_id, source.number, source.document, place)


def view_passage(message_id: str, source: Source) -> PassageView:
    """Dress a source with its passage."""
    start, end = source.quote or (0, 0)
    return PassageView(
        source=view_source(message_id, source),
        page=_page(source),
        heading=source.heading,
        before=source.text[:start].lstrip(),
        quote=source.text[start:end],
        after=source.text[end:].rstrip(),
    )


def not_told_note(message: Message) -> str:
    """Say what the model was not told: what was said before, what is being read; nothing when it was all."""
    return f"{_left_out(message)} {_unread(message)}".strip()


def _left_out(message: Message) -> str:
    match message.left_out:
        case 0:
            return ""
        case 1:
            return "The first message no longer fit and was left out."
        case count:
            return f"The first {count} messages no longer fit and were left out."


def _unread(message: Message) -> str:
    match message.unread_documents:
        case 0:
            return ""
        case 1:
            return "One document was still being read and was not looked at."
        case count:
            return f"{count} documents were still being read and were not looked at."


def _page(source: Source) -> str:
    return f"page {source.page}" if source.page is not None else ""


def _last(heading: str) -> str:
    found: Sequence[str] = heading.split(" › ")
    return found[-1]
