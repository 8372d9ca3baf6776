"""Reads Word documents (.docx): their XML goes by once, bit by bit, and no tree is built of it."""

import posixpath
import re
from collections.abc import Iterator

from chat.core.documents import Block
from chat.extraction.archive import Archive
from chat.extraction.docx_body import LEVELS, Body, value_of
from chat.extraction.unreadable import Unreadable

ROOT = "_rels/.rels"
NOTES = ("footnotes", "endnotes")
TITLE_LEVEL = 0  # above "heading 1"
BODY_LEVEL = 9  # as Word counts: no heading

_HEADING_STYLE = re.compile(r"heading ([1-9])")

Attributes = dict[str, str]


def inspect(original: bytes) -> None:
    """See that this is a Word document whose parts can be unpacked. Raises Unreadable."""
    archive = Archive(original)
    main, related = _parts(archive)
    for name in {main, *related.values()}:
        archive.walk(name)


def read(original: bytes) -> Iterator[Block]:
    """Give what a document says, under its headings. Raises Unreadable, now or while the blocks are taken."""
    archive = Archive(original)
    main, related = _parts(archive)
    levels = _levels(archive, related["styles"]) if "styles" in related else {}
    notes = {kind: _notes(archive, related[kind]) for kind in NOTES if kind in related}
    return Body(levels, notes).read(archive.pieces(main))


def _parts(archive: Archive) -> tuple[str, dict[str, str]]:
    """Find the main part, and those that belong to it by kind. Raises Unreadable."""
    main = _relations(archive, ROOT, "").get("officeDocument", "")
    if main not in archive or not main.endswith(".xml"):
        raise Unreadable("wrong_kind", "This file is no Word document, whatever its name says.")
    folder, name = posixpath.split(main)
    related = _relations(archive, f"{folder}/_rels/{name}.rels", folder)
    return main, {kind: related[kind] for kind in ("styles", *NOTES) if related.get(kind, "") in archive}


def _relations(archive: Archive, name: str, folder: str) -> dict[str, str]:
    found: dict[str, str] = {}

    def start(_name: str, attributes: Attributes) -> None:
        kind = attributes.get("Type", "").rpartition("/")[2]
        if attributes.get("TargetMode") != "External" and kind:
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            found.setdefault(kind, target.lstrip("/"))

    if name in archive:
        archive.walk(name, start)
    return found


def _levels(archive: Archive, name: str) -> dict[str, int]:
    """Tell which styles are those of headings, and of which level."""
    levels: dict[str, int] = {}
    above: dict[str, str] = {}
    style = ""

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal style
        kind, value = tag.rpartition(" ")[2], value_of(attributes, "val")
        if kind == "style":
            style = value_of(attributes, "styleId")
        elif kind == "name" and (heading := _HEADING_STYLE.fullmatch(value.lower())):
            levels[style] = int(heading[1])
        elif kind == "name" and value.lower() == "title":
            levels[style] = TITLE_LEVEL
        elif kind == "basedOn":
            above[style] = value
        elif kind == "outlineLvl" and value in LEVELS:
            levels.setdefault(style, int(value) + 1)

    archive.walk(name, start)
    for style in above:
        seen, base = set(), style
        while base not in levels and base in above and base not in seen:
            seen.add(base)
            base = above[base]
        if base in levels and levels[base] != TITLE_LEVEL:
            levels[style] = levels[base]
    return levels


def _notes(archive: Archive, name: str) -> dict[str, str]:
    """Give the footnotes or endnotes by their ids."""
    return Body({}, {}).notes(archive.pieces(name))
