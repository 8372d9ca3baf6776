"""Files as people and attackers make them, byte by byte: PDF and Word documents."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{OFFICE}/{{kind}}" Target="{{target}}"/></Relationships>'
)
STYLES = (
    f'<w:styles xmlns:w="{WORD}">'
    '<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift2"/>'
    "</w:style>"
    "</w:styles>"
)


# ── PDF ──────────────────────────────────────────────────────────────────────────────────────


def pdf(pages: Iterable[Sequence[str]], outline: Sequence[tuple[int, str]] = ()) -> bytes:
    """Make a PDF of lines on pages. `outline`: the number of a page, and what is called so."""
    return pdf_of([_shown(lines) for lines in pages], outline)


def pdf_of(streams: Sequence[bytes], outline: Sequence[tuple[int, str]] = (), extra: bytes = b"") -> bytes:
    """Make a PDF of pages with these drawings; `extra` stands in its trailer."""
    count = len(streams)
    first = 4  # objects: 1 the catalogue, 2 the pages, 3 the letters, then each page and its drawing
    kids = b" ".join(b"%d 0 R" % (first + 2 * at) for at in range(count))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R"
        + (b"/Outlines %d 0 R" % (first + 2 * count) if outline else b"")
        + b">>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for at, stream in enumerate(streams):
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
            % (first + 2 * at + 1),
            b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        ]
    if outline:
        root = first + 2 * count
        objects.append(b"<</First %d 0 R/Last %d 0 R>>" % (root + 1, root + len(outline)))
        for at, (page, title) in enumerate(outline):
            following = b"/Next %d 0 R" % (root + at + 2) if at + 1 < len(outline) else b""
            objects.append(
                b"<</Title(%s)/Parent %d 0 R/Dest[%d 0 R/Fit]%s>>"
                % (title.encode(), root, first + 2 * (page - 1), following)
            )
    return _numbered(objects, extra)


def _shown(lines: Sequence[str]) -> bytes:
    drawn = b"BT /F 11 Tf 50 800 Td 14 TL\n"
    for line in lines:
        drawn += b"(%s) Tj T*\n" % re.sub(rb"([\\()])", rb"\\\1", line.encode("cp1252"))
    return zlib.compress(drawn + b"ET")


def _numbered(objects: Sequence[bytes], extra: bytes) -> bytes:
    file = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, extra, start)
    return bytes(file)


# ── Word ─────────────────────────────────────────────────────────────────────────────────────


def docx(body: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """Make a Word document of its body's XML; `parts` are added, or take the place of others."""
    related = RELATIONS.format(kind="styles", target="styles.xml")
    return zipped(
        {
            "_rels/.rels": RELATIONS.format(kind="officeDocument", target="word/document.xml"),
            "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
            "word/_rels/document.xml.rels": related,
            "word/styles.xml": STYLES,
            **(parts or {}),
        }
    )


def paragraph(text: str, style: str = "") -> str:
    """Write a paragraph of one run."""
    looks = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{looks}<w:r><w:t>{text}</w:t></w:r></w:p>"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """Pack parts as Word does."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()
