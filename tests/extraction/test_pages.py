"""What is read of PDF and of Word documents."""

import pytest

from chat.core.documents import Block
from chat.extraction import docx, pdf
from chat.extraction.limits import Limits
from tests.extraction import files
from tests.extraction.files import paragraph

LINE = "The well in the yard was dug long before anyone now alive was born"


def read(original: bytes) -> list[Block]:
    pages, blocks = pdf.read(original, Limits(), lambda percent: None)
    found = list(blocks)
    assert all(1 <= (block.page or 0) <= pages for block in found)
    return found


def body(*content: str, **parts: str) -> list[tuple[str, tuple[str, ...]]]:
    named = {name.replace("__", "/"): part for name, part in parts.items()}
    return [(block.text, block.headings) for block in docx.read(files.docx("".join(content), named))]


# ── PDF ──────────────────────────────────────────────────────────────────────────────────────


def test_lines_of_a_page_become_paragraphs_and_words_are_whole_again() -> None:
    page = [
        LINE,
        "and its water is so very cold that nobody ever drinks any of the wa-",
        "ter. Ever.",
        "• straw",
    ]
    assert [block.text for block in read(files.pdf([page]))] == [
        f"{LINE} and its water is so very cold that nobody ever drinks any of the water. Ever.",
        "• straw",
    ]


def test_each_paragraph_knows_its_page() -> None:
    assert [(block.text, block.page) for block in read(files.pdf([["One."], [], ["Three."]]))] == [
        ("One.", 1), ("Three.", 3),
    ]  # fmt: skip


def test_what_stands_at_the_edge_of_every_page_is_left_out() -> None:
    pages = [
        ["Of Wells", f"{LINE}, {word}.", f"Ever {word}.", f"Page {at} of 5"]
        for at, word in enumerate("abcde", 1)
    ]
    assert read(files.pdf(pages))[0].text == f"{LINE}, a. Ever a."


def test_the_outline_gives_the_headings() -> None:
    pages = [["1 Of Wells", "Deep."], ["Cold.", "Of Roofs", "Straw."]]
    found = read(files.pdf(pages, [(1, "Of wells"), (2, "2. Of Roofs")]))
    assert [(block.text, block.headings) for block in found] == [
        ("Deep.", ("Of wells",)), ("Cold.", ("Of wells",)), ("Straw.", ("2. Of Roofs",)),
    ]  # fmt: skip


# ── Word ─────────────────────────────────────────────────────────────────────────────────────


def test_a_word_document_is_read_under_its_headings_in_whatever_language_they_are_named() -> None:
    assert body(
        paragraph("Wells and roofs", "Titel"), paragraph("Wells", "berschrift1"), paragraph("Deep."),
        paragraph("Water", "Mine"), paragraph("Cold."), paragraph("Roofs", "berschrift1"),
    ) == [
        ("Deep.", ("Wells and roofs", "Wells")), ("Cold.", ("Wells and roofs", "Wells", "Water")),
        ("Roofs", ("Wells and roofs",)),
    ]  # fmt: skip


def test_lists_and_tables_are_kept_line_by_line() -> None:
    item = '<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    row = "<w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr>"
    table = "<w:tbl>{}{}</w:tbl>".format(
        row.format(paragraph("a"), paragraph("b") + paragraph("c")),
        row.format(paragraph("1"), paragraph("2")),
    )
    assert body(item.format("straw"), item.format("reed"), table, paragraph("End.")) == [
        ("- straw\n- reed", ()), ("a | b c\n1 | 2", ()), ("End.", ()),
    ]  # fmt: skip


def test_what_was_deleted_or_is_hidden_is_not_read_and_nothing_is_read_twice() -> None:
    mixed = (
        "<w:p><w:r><w:t>One</w:t><w:tab/><w:t>two</w:t><w:br/></w:r>"
        "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r>"
        '<mc:AlternateContent xmlns:mc="mc"><mc:Choice><w:r><w:t>three</w:t></w:r></mc:Choice>'
        "<mc:Fallback><w:r><w:t>three</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>"
    )
    assert body(mixed) == [("One\ttwo\nthree", ())]


def test_a_note_stands_below_its_paragraph() -> None:
    relations = files.RELATIONS.format(kind="footnotes", target="footnotes.xml")
    note = f'<w:footnote w:id="2">{paragraph("See there.")}</w:footnote>'
    notes = f'<w:footnotes xmlns:w="{files.WORD}">{note}</w:footnotes>'
    text = '<w:p><w:r><w:t>Here.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    assert body(text, **{"word/_rels/document.xml.rels": relations, "word/footnotes.xml": notes}) == [
        ("Here.\n(See there.)", ())
    ]


@pytest.mark.parametrize("main", ["word/document2.xml", "word/document.xml"])
def test_the_main_part_is_found_by_what_the_document_says(main: str) -> None:
    parts = {
        "_rels/.rels": files.RELATIONS.format(kind="officeDocument", target=f"/{main}"),
        main: f'<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main">{paragraph("Deep.")}</w:document>',
    }
    assert [block.text for block in docx.read(files.zipped(parts))] == ["Deep."]
