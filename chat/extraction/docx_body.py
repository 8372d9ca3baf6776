"""The text of a Word document, as its XML goes by: paragraphs, lists, tables, headings and notes."""

from collections.abc import Iterator, Mapping

from chat.core.documents import Block
from chat.extraction.archive import fed, parser_of_xml
from chat.extraction.cleaning import clean
from chat.extraction.outline import Outline

LEVELS = (
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
)  # as Word counts those of an outline; "9" is no heading
LONGEST_HEADING = 250  # characters; whoever makes a whole paragraph a heading wants large letters
# Deleted text, where it was moved from, a second form of what stands beside it, small letters above others.
PASSED_OVER = frozenset(("del", "moveFrom", "Fallback", "rt", "annotation"))
WRITTEN = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
NOTES = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}
OFF = ("0", "false", "off")

Attributes = dict[str, str]


def value_of(attributes: Attributes, name: str) -> str:
    """Give an attribute, whichever of the two namespaces of Word it is of; "" where it is not there."""
    return next((value for key, value in attributes.items() if key.rpartition(" ")[2] == name), "")


class Paragraph:
    """A paragraph that is open."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.level: int | None = None  # of a heading
        self.is_item = False
        self.notes: list[str] = []


class Table:
    """A table that is open: its rows become lines."""

    def __init__(self) -> None:
        self.cell: list[str] = []
        self._cells: list[str] = []
        self._rows: list[str] = []

    def end_cell(self) -> None:
        """Write what stands in a cell as one line."""
        self._cells.append(" ".join(" ".join(self.cell).split()))
        self.cell = []

    def end_row(self) -> None:
        """Write the cells of a row side by side; an empty row is none."""
        if any(self._cells):
            self._rows.append(" | ".join(self._cells))
        self._cells = []

    def text(self) -> str:
        """Give all of it, and what stood in no cell too."""
        return "\n".join(filter(None, (*self._rows, *self.cell)))


class Body:
    """Follows the XML of a part of a document. `levels` of headings by style; `notes` by kind and id."""

    def __init__(self, levels: Mapping[str, int], notes: Mapping[str, Mapping[str, str]]) -> None:
        self._levels = levels
        self._notes = notes
        self._outline = Outline()
        self._ready: list[Block] = []
        self._open: list[Paragraph] = []  # one within another: a text box stands in a paragraph
        self._passing = 0  # elements that are open within one that is passed over, itself included
        self._is_text = self._in_run = self._is_hidden = False
        self._items: list[str] = []  # of the list so far
        self._tables: list[Table] = []  # one within another
        self._note = ""  # the id of the one that is read
        self._noted: dict[str, str] = {}

    def read(self, pieces: Iterator[bytes]) -> Iterator[Block]:
        """Give the blocks of the main part. Raises Unreadable."""
        for _ in self._follow(pieces):
            yield from self._taken()
        self._end_list()
        self._ready += self._outline.close()
        yield from self._taken()

    def notes(self, pieces: Iterator[bytes]) -> dict[str, str]:
        """Give the notes of a part that has them, by their ids. Raises Unreadable."""
        for _ in self._follow(pieces):
            pass
        return self._noted

    def _follow(self, pieces: Iterator[bytes]) -> Iterator[None]:
        parser = parser_of_xml()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        return fed(parser, pieces)

    def _taken(self) -> list[Block]:
        ready, self._ready = self._ready, []
        return ready

    def _start(self, name: str, attributes: Attributes) -> None:
        tag = name.rpartition(" ")[2]
        if self._passing or tag in PASSED_OVER:
            self._passing += 1
        elif tag == "t":
            self._is_text = True
        elif tag == "p":
            self._open.append(Paragraph())
        elif tag == "r":
            self._in_run, self._is_hidden = True, False
        elif tag == "tbl":
            self._end_list()
            self._tables.append(Table())
        elif tag in ("footnote", "endnote"):
            self._note = value_of(attributes, "id")
        elif self._open:
            self._within(tag, attributes)

    def _within(self, tag: str, attributes: Attributes) -> None:
        """Come to what stands in a paragraph, or says how it looks."""
        paragraph = self._open[-1]
        if self._in_run:
            if tag in WRITTEN:
                paragraph.text.append(WRITTEN[tag])
            elif tag in NOTES:
                note = self._notes.get(NOTES[tag], {}).get(value_of(attributes, "id"))
                paragraph.notes += [note] if note else []
            elif tag == "vanish":
                self._is_hidden = value_of(attributes, "val") not in OFF
        elif tag == "pStyle":
            paragraph.level = self._levels.get(value_of(attributes, "val"))
        elif tag == "outlineLvl":
            value = value_of(attributes, "val")
            paragraph.level = int(value) + 1 if value in LEVELS else paragraph.level
        elif tag == "numPr":
            paragraph.is_item = True

    def _characters(self, text: str) -> None:
        if self._is_text and self._open and not self._is_hidden:
            self._open[-1].text.append(text)

    def _end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if self._passing:
            self._passing -= 1
        elif tag == "t":
            self._is_text = False
        elif tag == "r":
            self._in_run = False
        elif tag == "p" and self._open:
            self._paragraph(self._open.pop())
        elif tag == "tc" and self._tables:
            self._tables[-1].end_cell()
        elif tag == "tr" and self._tables:
            self._tables[-1].end_row()
        elif tag == "tbl" and self._tables:
            self._say(self._tables.pop().text())
        elif tag in ("footnote", "endnote"):
            self._end_list()
            self._noted[self._note] = " ".join(block.text for block in self._taken())

    def _paragraph(self, paragraph: Paragraph) -> None:
        text = clean("".join(paragraph.text)).strip()
        is_heading = paragraph.level is not None and not self._tables and len(text) <= LONGEST_HEADING
        if paragraph.notes:
            text = "\n".join((text, *(f"({note})" for note in paragraph.notes)))
        if is_heading and text:
            self._end_list()
            self._ready += self._outline.enter(paragraph.level or 0, text)
        elif paragraph.is_item and not self._tables and text:
            self._items.append(f"- {text}")
        else:
            self._say(text)

    def _say(self, text: str) -> None:
        if self._tables:
            self._tables[-1].cell.append(text)
        else:
            self._end_list()
            self._ready += self._outline.say(text)

    def _end_list(self) -> None:
        items, self._items = self._items, []
        self._ready += self._outline.say("\n".join(items))
