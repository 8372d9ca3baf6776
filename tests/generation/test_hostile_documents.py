"""What hostile documents come to: words, in bounded time and memory, and no process that stays."""

import io
import os
import zipfile
import zlib
from collections.abc import Iterator

import pytest

from chat.extraction.limits import Limits
from chat.extraction.unreadable import TOO_BIG
from chat.generation import extracting
from tests.extraction import files
from tests.extraction.apart import (
    GENEROUS_S,
    SENTENCE,
    nothing_stays,
    outcome,
    read,
    refused,
)
from tests.extraction.files import paragraph


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(extracting, "LOOK_S", GENEROUS_S)  # a look at it may be slow on a busy machine
    with nothing_stays():
        yield


# ── hostile PDF ──────────────────────────────────────────────────────────────────────────────


def test_a_pdf_of_ten_thousand_pages_is_refused_at_the_first_look() -> None:
    why = refused("pdf", files.pdf_of([zlib.compress(b"")] * 10_000))
    assert why.code == "too_many_pages"
    assert "200" in why.message
    assert why.code in TOO_BIG


def test_a_pdf_that_lies_about_its_pages_is_counted() -> None:
    lying = files.pdf([["x"]] * 300).replace(b"/Count 300", b"/Count 001")
    assert refused("pdf", lying).code == "too_many_pages"


def test_one_page_a_million_times_is_refused() -> None:
    kids = b"/Kids[" + b"4 0 R " * 1_000_000 + b"]"
    again = files.pdf([["x"]]).replace(b"/Kids[4 0 R]", kids)
    assert refused("pdf", again).code in ("too_many_pages", "broken")


def test_a_pdf_with_a_password_says_so() -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(PdfReader(io.BytesIO(files.pdf([["Deep."]]))))
    writer.encrypt("secret", algorithm="AES-256")
    locked = io.BytesIO()
    writer.write(locked)
    why = refused("pdf", locked.getvalue())
    assert why.code == "encrypted"
    assert "password" in why.message


def test_a_pdf_of_pictures_says_what_to_do() -> None:
    why = refused("pdf", files.pdf_of([zlib.compress(b"0 0 5 5 re f")] * 3), at_once=False)
    assert why.code == "no_text"
    assert "only pictures" in why.message


@pytest.mark.parametrize(
    "original",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\n" + bytes(range(256)) * 1000,
        b"%PDF-1.7\n" + b"1 0 obj\n<<" * 50_000,
        files.pdf([["x"]])[:-200],
        files.pdf([["x"]]).replace(b"/Kids[4 0 R]", b"/Kids[2 0 R]"),  # its pages are their own child
        files.pdf([["x"]]).replace(b"/Kids[4 0 R]", b"/Kids" + b"[" * 100_000),
        files.pdf([["x"]]).replace(b"startxref\n", b"startxref\n9"),
        b"%PDF-1.7\n" + files.zipped({"word/document.xml": "<a/>"}),  # and a ZIP: neither of both
    ],
)
def test_a_damaged_pdf_ends_in_words_or_is_read(original: bytes) -> None:
    assert outcome("pdf", original) in (["x"], "broken", "no_text", "too_many_pages", "too_slow")


def test_a_page_that_unpacks_to_gigabytes_is_left_out() -> None:
    bomb = zlib.compressobj(9)
    packed = b"".join(bomb.compress(b"(x) Tj " * 150_000) for _ in range(100)) + bomb.flush()
    original = files.pdf_of([packed, zlib.compress(b"BT /F 9 Tf (Deep.) Tj ET")])
    assert outcome("pdf", original) in (["Deep."], "too_slow", "too_large")


# ── hostile Word documents ───────────────────────────────────────────────────────────────────


def test_a_zip_bomb_is_refused_by_what_it_says() -> None:
    why = refused("docx", files.docx(paragraph("x"), {"word/media/a.bin": b"\0" * (140 << 20)}))
    assert why.code == "too_large"


def test_a_zip_bomb_that_lies_about_its_size_is_refused_by_what_comes_out() -> None:
    honest = files.docx("x" * (140 << 20))
    real = zipfile.ZipFile(io.BytesIO(honest)).getinfo("word/document.xml").file_size
    lying = honest.replace(real.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != honest
    assert refused("docx", lying).code in ("broken", "too_large")
    assert refused("docx", honest).code == "too_large"


def test_parts_that_share_their_bytes_are_refused() -> None:
    original = bytearray(files.docx(paragraph("x")))
    parts = zipfile.ZipFile(io.BytesIO(bytes(original))).infolist()
    place = original.index(b"PK\x01\x02")  # the directory: each entry names the place of its part
    entry = original.index(b"PK\x01\x02", place + 4)
    original[entry + 42 : entry + 46] = parts[0].header_offset.to_bytes(4, "little")
    assert refused("docx", bytes(original)).code == "broken"


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">' + "".join(
            f'<!ENTITY x{at} "{("&x" + str(at - 1) + ";") * 10 if at else "&x;" * 10}">' for at in range(10)
        ) + "]><a>&x9;</a>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    ],
)  # fmt: skip
def test_xml_that_declares_entities_is_refused(declared: str) -> None:
    main = declared.encode("utf-16") if "utf-16" in declared else declared
    assert refused("docx", files.docx("", {"word/document.xml": main})).code == "broken"


@pytest.mark.parametrize(
    ("original", "code"),
    [
        (files.zipped({"xl/workbook.xml": "<a/>"}), "wrong_kind"),
        (
            files.docx(
                "", {"_rels/.rels": files.RELATIONS.format(kind="officeDocument", target="../../etc/x.xml")}
            ),
            "wrong_kind",
        ),
        (files.docx("<w:p>"), "broken"),
        (files.docx("x")[:-30], "broken"),
        (b"PK\x03\x04" + b"\0" * 100, "broken"),
        (b"PK\x03\x04 and something before it" + files.docx(paragraph("x")), "broken"),
        (files.zipped({f"part{at}": "" for at in range(6000)}), "too_large"),
    ],
)
def test_a_damaged_word_document_is_refused(original: bytes, code: str) -> None:
    assert refused("docx", original).code == code


def test_a_word_document_may_be_as_deep_as_it_likes() -> None:
    deep = "<w:sdt>" * 100_000 + paragraph("Deep.") + "</w:sdt>" * 100_000
    assert outcome("docx", files.docx(deep)) == ["Deep."]


def test_an_empty_word_document_holds_no_text() -> None:
    assert refused("docx", files.docx(paragraph(" ")), at_once=False).code == "no_text"


# ── hostile text ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
@pytest.mark.parametrize("text", [b"x" * (20 << 20), b"[" * (2 << 20), b"<a " * (2 << 20), b"* " * (2 << 20)])
def test_megabytes_in_one_line_end_in_words(kind: str, text: bytes) -> None:
    why = refused(kind, text, at_once=False)
    assert why.code in ("too_long", "no_text", "too_slow")


def test_a_file_of_headings_makes_no_million_passages() -> None:
    assert refused("markdown", b"# a\nb\n" * 500_000, at_once=False).code == "too_long"


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_no_text_is_said_so(kind: str) -> None:
    assert refused(kind, b" \n\t\n", at_once=False).code == "no_text"


def test_a_binary_by_the_name_of_a_text_is_refused() -> None:
    assert refused("text", b"MZ" + os.urandom(100_000), at_once=False).code in ("wrong_kind", "encoding")


def test_more_bytes_than_allowed_are_not_read() -> None:
    why = refused("text", b"x" * 2000, Limits(bytes=1000), at_once=False)
    assert why.code == "too_large"


def test_no_limit_is_no_limit() -> None:
    anything = Limits(bytes=0, pages=0, characters=0, seconds=0, mib=512)
    assert "done" in read("text", SENTENCE.encode() * 20_000, anything)[-1]
    assert extracting.inspect("pdf", [files.pdf([["x"]] * 2100)], anything) == 2100
