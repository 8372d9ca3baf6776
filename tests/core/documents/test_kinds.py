"""What is taken for which kind of document, and what is not taken at all."""

import pytest

from chat.core.documents.kinds import CAN_BE, MEDIA_TYPES, WrongKind, kind_of

ZIP = b"PK\x03\x04\x14\x00"


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("report.pdf", b"%PDF-1.7\n", "pdf"),
        ("REPORT.PDF", b"%PDF-1.4\n", "pdf"),
        ("letter.docx", ZIP, "docx"),
        ("notes.md", b"# Notes\n", "markdown"),
        ("a.markdown", b"", "markdown"),
        ("page.HTM", b"<!doctype html>", "html"),
        ("plain.txt", b"Hello", "text"),
        ("PKI.txt", b"PKI means this:", "text"),
        ("README", b"Read me", "text"),
        ("data.csv", b"a;b\n1;2\n", "text"),
        ("run.log", b"\x1b[31mred\x1b[0m\n", "text"),
        ("Dr. No, the story", b"Once", "text"),
        ("wide.txt", "\ufeffwide".encode("utf-16-le"), "text"),
        ("latin.txt", "café".encode("latin-1"), "text"),
        ("漢字.txt", "漢字".encode(), "text"),
    ],
)
def test_name_and_beginning_say_together_what_a_file_is(name: str, head: bytes, kind: str) -> None:
    assert kind_of(name, head) == kind
    assert kind in MEDIA_TYPES


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("report.pdf", b"<html>not a pdf"),
        ("report.pdf", b"\n%PDF-1.7"),  # a polyglot: the magic is not where it has to be
        ("report.pdf", ZIP),
        ("letter.docx", b"%PDF-1.7"),
        ("letter.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),  # the older .doc by another name
        ("page.html", b"%PDF-1.7 <script>"),
        ("notes.md", ZIP),
        ("notes.txt", b"%PDF-1.7"),
        ("notes.txt", b"\x7fELF\x02\x01\x01\0"),
        ("notes.txt", b"GIF89a\x01\0\x01\0"),
        ("notes.txt", b"{\\rtf1 hello}"),
        ("notes", b"\xff\xd8\xff\xe0\0\x10JFIF"),
        ("notes.txt", "no mark".encode("utf-16-le")),
        ("photo.png", b"just text"),
        ("letter.doc", b"just text"),
    ],
)
def test_what_begins_as_something_else_is_refused_in_a_sentence(name: str, head: bytes) -> None:
    with pytest.raises(WrongKind) as refused:
        kind_of(name, head)
    assert str(refused.value).endswith(".")


def test_a_kind_that_cannot_be_read_is_told_what_can() -> None:
    with pytest.raises(WrongKind, match=r"\.xlsx cannot be read\. Text, Markdown") as refused:
        kind_of("table.xlsx", ZIP)
    assert str(refused.value).endswith(CAN_BE)
